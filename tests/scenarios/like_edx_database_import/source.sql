-- As edx-analytics-pipeline's database import: an excluded column, JSON with backslashes, DOUBLE beside DECIMAL(30,2), microseconds.
CREATE TABLE enrolments (
  id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(255) NOT NULL, detail LONGTEXT NOT NULL, width SMALLINT, owner BIGINT UNSIGNED NOT NULL,
  `secret` VARCHAR(255), uploaded DATETIME, changed DATETIME(6), amount DOUBLE NOT NULL, expires DATE, ip VARCHAR(39),
  cost DECIMAL(30,2) NOT NULL) AUTO_INCREMENT = 70001 DEFAULT CHARSET = utf8mb3;
INSERT INTO enrolments VALUES
  (1, 'Ada L.', '{"answers": {"q1": ["5 - fine, I think."]}}', 1280, 4611686018427387904, 'not for anybody', '2025-04-24 02:04:20',
   '2025-08-01 15:31:06.013344', 3106.5, '2024-11-09', '10.0.0.1', 100.00),
  (2, '\\', '{"a_\\\\b": {"c": ["1\\\\t2"]}}', -128, 1, 'nor this', NULL, '2025-08-01 15:31:06.013344', 3106.49, NULL, '::1', -0.05),
  (NULL, '\\N', '', NULL, 0, NULL, NULL, '2025-08-01 23:00:00', 1e-7, NULL, NULL, 9999999999999999999999999999.99);
