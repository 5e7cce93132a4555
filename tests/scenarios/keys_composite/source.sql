-- Keys of several columns of any type: a row is updated only where all of them agree.
CREATE TABLE legs (
  parcel VARCHAR(12), leg SMALLINT UNSIGNED, day DATE, kind ENUM('a', 'b'), paid DECIMAL(9,2), note VARCHAR(20), at DATETIME NOT NULL,
  PRIMARY KEY (day, parcel, leg, kind, paid));
INSERT INTO legs VALUES
  ('p1', 1, '2025-08-01', 'a', 1.50, 'one', '2025-08-01 01:00:00'), ('p1', 1, '2025-08-01', 'b', 1.50, 'two', '2025-08-01 02:00:00'),
  ('p1', 65535, '2025-08-01', 'a', 1.50, 'three', '2025-08-01 03:00:00'), ('p2', 1, '2025-08-01', 'a', 1.50, 'four', '2025-08-01 04:00:00'),
  ('p1', 1, '2025-07-31', 'a', 1.50, 'five', '2025-08-01 05:00:00'), ('p1', 1, '2025-08-01', 'a', 1.51, 'six', '2025-08-01 06:00:00');
