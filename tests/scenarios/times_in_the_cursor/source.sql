-- Zero dates in the cursor are in no window: refused, or left out knowingly; in another column they stop their own window alone.
SET sql_mode = 'ALLOW_INVALID_DATES';
CREATE TABLE zero_cursor (id INT PRIMARY KEY, at DATETIME NOT NULL);
INSERT INTO zero_cursor VALUES (1, '2025-08-01'), (2, '0000-00-00 00:00:00'), (3, '2025-08-01 12:00:00');
CREATE TABLE zero_ignored LIKE zero_cursor;
INSERT INTO zero_ignored SELECT * FROM zero_cursor;
CREATE TABLE zero_elsewhere (id INT PRIMARY KEY, due DATE, at DATETIME NOT NULL);
INSERT INTO zero_elsewhere VALUES (1, '2025-08-01', '2025-08-01'), (2, '0000-00-00', '2025-08-02'), (3, '2025-08-03', '2025-08-03');
