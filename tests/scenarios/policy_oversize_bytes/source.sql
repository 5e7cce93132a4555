-- Bytes that take their row past the 4 MB that COPY reads are NULL where that is accepted; the row stays.
CREATE TABLE files (id INT PRIMARY KEY, body LONGBLOB, more MEDIUMBLOB, name VARCHAR(9), at DATETIME NOT NULL);
INSERT INTO files VALUES
  (1, REPEAT(x'00FF', 1100000), x'ff', 'too long', '2025-08-01'), (2, x'00', REPEAT(x'01', 9), 'short', '2025-08-01'),
  (3, REPEAT(x'AB', 1200000), REPEAT(x'CD', 1000000), 'together', '2025-08-01'), (4, NULL, NULL, 'none', '2025-08-01');
