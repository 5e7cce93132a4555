-- Keys that a binary collation tells apart are apart: case, accents, width, normal form.
CREATE TABLE tags (tag VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, n INT, at DATETIME NOT NULL);
INSERT INTO tags VALUES
  ('cafe', 1, '2025-08-01'), ('Cafe', 2, '2025-08-01'), ('café', 3, '2025-08-01'), (_utf8mb4 x'63616665CC81', 4, '2025-08-01'),
  ('ｃafe', 5, '2025-08-01'), ('', 6, '2025-08-01'), (' cafe', 7, '2025-08-01'), ('strasse', 8, '2025-08-01'), ('straße', 9, '2025-08-01');
