-- SET as MySQL writes it, members in the order of the definition, none, all, sixty-four of them (pgloader#1522).
CREATE TABLE sets (
  id INT PRIMARY KEY, at DATETIME NOT NULL, perms SET('read', 'write', 'exec''ute', 'a b') NOT NULL DEFAULT 'read',
  wide SET('00','01','02','03','04','05','06','07','08','09','10','11','12','13','14','15','16','17','18','19','20','21','22','23',
    '24','25','26','27','28','29','30','31','32','33','34','35','36','37','38','39','40','41','42','43','44','45','46','47',
    '48','49','50','51','52','53','54','55','56','57','58','59','60','61','62','63'));
INSERT INTO sets VALUES
  (1, '2025-08-01', 'write,read', '63,00'), (2, '2025-08-01', '', ''), (3, '2025-08-01', 15, 18446744073709551615),
  (4, '2025-08-01', 'a b', NULL);
