-- TIME is a length of time, negative and past a day, with its own number of digits: carried as its exact text.
CREATE TABLE durations (id INT PRIMARY KEY, at DATETIME NOT NULL, t TIME, t1 TIME(1), t3 TIME(3), t6 TIME(6));
INSERT INTO durations VALUES
  (1, '2025-08-01', '838:59:59', '838:59:58.9', '838:59:58.999', '838:59:58.999999'),
  (2, '2025-08-01', '-838:59:59', '-838:59:58.9', '-838:59:58.999', '-838:59:58.999999'),
  (3, '2025-08-01', '00:00:00', '00:00:00.0', '00:00:00.000', '-00:00:00.000001'),
  (4, '2025-08-01', '24:00:00', '100:00:00.5', '01:02:03.456', '23:59:59.999999'),
  (5, '2025-08-01', NULL, NULL, NULL, NULL);
