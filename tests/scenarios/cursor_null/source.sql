-- Rows without a cursor are in no window: refused, or left out where the definition says so (sling#380, dlt#1935).
CREATE TABLE unknown_times (id INT PRIMARY KEY, at DATETIME);
INSERT INTO unknown_times VALUES (1, '2025-08-01'), (2, NULL), (3, NULL);
CREATE TABLE ignored_times (id INT PRIMARY KEY, at DATETIME);
INSERT INTO ignored_times VALUES (1, '2025-08-01'), (2, NULL), (3, NULL);
CREATE TABLE known_times (id INT PRIMARY KEY, at DATETIME);
INSERT INTO known_times VALUES (1, '2025-08-01');
