-- DATE and YEAR at their ends, DATE stays a date (pgloader's races: columns named year, date and time).
CREATE TABLE races (
  raceId INT PRIMARY KEY, `year` YEAR, `date` DATE, `time` TIME, changed DATETIME NOT NULL);
INSERT INTO races VALUES
  (1, 1901, '1000-01-01', '00:00:00', '2025-08-01'),
  (2, 2155, '9999-12-31', '23:59:59', '2025-08-01'),
  (3, 0, '2024-02-29', '14:00:00', '2025-08-01'),
  (4, 1999, '0001-01-01', '-00:00:01', '2025-08-01'),
  (5, 2000, '1582-10-10', '838:59:59', '2025-08-01'),
  (6, NULL, NULL, NULL, '2025-08-01');
