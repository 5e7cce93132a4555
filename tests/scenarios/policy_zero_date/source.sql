-- Dates that are none become NULL, or an instant that no date is, as the table or the column says (dlt#2699, olake#570).
SET sql_mode = 'ALLOW_INVALID_DATES';
CREATE TABLE as_null (id INT PRIMARY KEY, born DATE NOT NULL, due DATETIME(3), seen TIMESTAMP NULL, at DATETIME NOT NULL);
INSERT INTO as_null VALUES
  (1, '0000-00-00', '2024-00-10 12:00:00', '0000-00-00 00:00:00', '2025-08-01'),
  (2, '2025-02-30', '2017-03-00 12:30:00.125', NULL, '2025-08-01'),
  (3, '2025-07-01', '2025-07-01 12:00:00.5', '2025-07-01 12:00:00', '2025-08-01');
CREATE TABLE as_sentinel (id INT PRIMARY KEY, born DATE, due DATETIME(3), seen TIMESTAMP NULL, at DATETIME NOT NULL);
INSERT INTO as_sentinel SELECT * FROM as_null;
INSERT INTO as_sentinel VALUES (4, NULL, NULL, NULL, '2025-08-01');
CREATE TABLE by_column (id INT PRIMARY KEY, born DATE, due DATE, gone DATE, at DATETIME NOT NULL);
INSERT INTO by_column VALUES (1, '0000-00-00', '0000-05-17', NULL, '2025-08-01'), (2, '2025-07-01', '2025-07-01', '2025-07-01', '2025-08-01');
CREATE TABLE not_this_column (id INT PRIMARY KEY, born DATE, due DATE, at DATETIME NOT NULL);
INSERT INTO not_this_column VALUES (1, '0000-00-00', NULL, '2025-08-01'), (2, NULL, '0000-05-17', '2025-08-01');
CREATE TABLE whole (id INT PRIMARY KEY, born DATE);
INSERT INTO whole VALUES (1, '0000-00-00'), (2, NULL);
