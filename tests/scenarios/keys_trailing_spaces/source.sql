-- Keys that differ in trailing spaces alone, which a NO PAD collation allows: two rows each.
CREATE TABLE padded (k VARCHAR(10) COLLATE utf8mb4_nopad_bin PRIMARY KEY, n INT, at DATETIME NOT NULL);
INSERT INTO padded VALUES ('a', 1, '2025-08-01'), ('a ', 2, '2025-08-01'), ('a  ', 3, '2025-08-01'), ('', 4, '2025-08-01'), (' ', 5, '2025-08-01');
