-- A value of 2,000,000 bytes, four million digits in a row of CSV, beside a row without it.
CREATE TABLE files (id INT PRIMARY KEY, body LONGBLOB, at DATETIME NOT NULL);
INSERT INTO files VALUES (1, REPEAT(x'00FF', 1000000), '2025-08-01'), (2, NULL, '2025-08-01');
CREATE TABLE too_large (id INT PRIMARY KEY, body LONGBLOB, at DATETIME NOT NULL);
INSERT INTO too_large VALUES (1, REPEAT(x'00FF', 1100000), '2025-08-01');
