-- A table without a primary key is appended: equal rows stay two, and loading a day again doubles none (PipelineWise's no_pk_table).
CREATE TABLE no_pk_table (id TINYINT NOT NULL, note VARCHAR(5), at DATETIME NOT NULL);
INSERT INTO no_pk_table VALUES (1, 'a', '2025-08-01'), (1, 'a', '2025-08-01'), (2, NULL, '2025-08-01'), (3, 'c', '2025-08-02');
CREATE TABLE snapshot_without_key (id TINYINT, note VARCHAR(5));
INSERT INTO snapshot_without_key VALUES (1, 'a'), (1, 'a'), (NULL, NULL), (NULL, NULL);
