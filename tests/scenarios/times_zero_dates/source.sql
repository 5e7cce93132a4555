-- Zero and impossible dates stop the window and are named (PipelineWise's weight_unit, dlt#2699, olake#570).
SET sql_mode = 'ALLOW_INVALID_DATES';
CREATE TABLE zero_date (id INT PRIMARY KEY, born DATE, at DATETIME NOT NULL);
INSERT INTO zero_date VALUES (1, '2025-07-01', '2025-08-01'), (2, '0000-00-00', '2025-08-01');
CREATE TABLE zero_day (id INT PRIMARY KEY, due DATETIME, at DATETIME NOT NULL);
INSERT INTO zero_day VALUES (1, '2017-03-00 12:30:00', '2025-08-01');
CREATE TABLE thirtieth_of_february (id INT PRIMARY KEY, due DATETIME(3), at DATETIME NOT NULL);
INSERT INTO thirtieth_of_february VALUES (1, '2017-02-30 00:00:00.125', '2025-08-01');
CREATE TABLE zero_timestamp (id INT PRIMARY KEY, seen TIMESTAMP NULL, at DATETIME NOT NULL);
INSERT INTO zero_timestamp VALUES (1, '0000-00-00 00:00:00', '2025-08-01');
CREATE TABLE year_zero (id INT PRIMARY KEY, born DATE, at DATETIME NOT NULL);
INSERT INTO year_zero VALUES (1, '0000-05-17', '2025-08-01');
CREATE TABLE another_day (id INT PRIMARY KEY, born DATE, at DATETIME NOT NULL);
INSERT INTO another_day VALUES (1, '0000-00-00', '2025-07-31'), (2, '2025-07-01', '2025-08-01');
