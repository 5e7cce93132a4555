-- Partitioned tables, by range of the cursor and by hash of the key, in one chunk and in three: every row, once.
CREATE TABLE by_range (id INT, at DATETIME NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (TO_DAYS(at)) (
  PARTITION july VALUES LESS THAN (TO_DAYS('2025-08-01')), PARTITION first VALUES LESS THAN (TO_DAYS('2025-08-02')),
  PARTITION later VALUES LESS THAN MAXVALUE);
INSERT INTO by_range VALUES (1, '2025-07-31 23:59:59'), (2, '2025-08-01'), (3, '2025-08-01 23:59:59'), (4, '2025-08-02');
CREATE TABLE by_hash (id INT PRIMARY KEY, at DATETIME NOT NULL, KEY (at)) PARTITION BY HASH (id) PARTITIONS 4;
INSERT INTO by_hash VALUES (1, '2025-08-01'), (2, '2025-08-01'), (3, '2025-08-01 10:00:00'), (4, '2025-08-01'), (5, '2025-08-02');
