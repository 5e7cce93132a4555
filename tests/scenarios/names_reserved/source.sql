-- Tables and columns whose names are words of SQL, of MySQL's or of Redshift's (PipelineWise's order, full(begin, end) and edgydata).
CREATE TABLE `order` (`user` INT PRIMARY KEY, `table` INT, `tag` INT, `select` INT, `when` DATETIME NOT NULL);
INSERT INTO `order` VALUES (1, 2, 3, 4, '2025-08-01');
CREATE TABLE `full` (begin INT AUTO_INCREMENT PRIMARY KEY, end INT);
INSERT INTO `full` (end) VALUES (10), (NULL), (30);
CREATE TABLE `table` (
  `desc` INT, `group` INT, `case` VARCHAR(1), `analyze` INT, `end` INT, `offset` INT, `default` INT, `timestamp` INT, `from` INT,
  `to` INT, `percent` INT, `encode` INT, `sysdate` INT, `current_user` INT, `null` INT, `true` INT, `key` INT, `column` INT,
  `primary` INT PRIMARY KEY, `limit` DATETIME NOT NULL);
INSERT INTO `table` VALUES (1, 2, 'A', 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, '2025-08-01');
