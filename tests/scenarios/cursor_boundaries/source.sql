-- A row on a boundary is in the window it begins, one a microsecond before it in the other (airbyte#85918).
CREATE TABLE edges (id INT PRIMARY KEY, at DATETIME(6) NOT NULL, KEY (at, id));
INSERT INTO edges VALUES
  (1, '2025-07-31 23:59:59.999999'), (2, '2025-08-01 00:00:00'), (3, '2025-08-01 00:00:00.000001'), (4, '2025-08-01 23:59:59.999999'),
  (5, '2025-08-02 00:00:00'), (6, '2025-08-02 00:00:00.000001');
CREATE TABLE whole_seconds (id INT PRIMARY KEY, at DATETIME NOT NULL);
INSERT INTO whole_seconds VALUES (1, '2025-07-31 23:59:59'), (2, '2025-08-01 00:00:00'), (3, '2025-08-01 23:59:59'), (4, '2025-08-02 00:00:00');
CREATE TABLE ties (id INT PRIMARY KEY, at DATETIME(3) NOT NULL, KEY (at));
INSERT INTO ties VALUES (1, '2025-08-01 12:00:00'), (2, '2025-08-01 12:00:00'), (3, '2025-08-01 12:00:00'), (4, '2025-08-01 12:00:00.001');
