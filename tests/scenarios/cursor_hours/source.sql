-- Hours side by side: none of their rows is in two, none in none, in whatever order they are loaded.
CREATE TABLE pulses (id INT PRIMARY KEY, at DATETIME(6) NOT NULL);
INSERT INTO pulses VALUES
  (1, '2025-08-01 09:59:59.999999'), (2, '2025-08-01 10:00:00'), (3, '2025-08-01 10:59:59.999999'), (4, '2025-08-01 11:00:00'),
  (5, '2025-08-01 11:59:59.999999'), (6, '2025-08-01 12:00:00');
