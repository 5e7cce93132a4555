-- A text of 65,536 bytes fits no VARCHAR: the window is refused, nothing is cut off (airbyte#35985).
CREATE TABLE too_long (id INT PRIMARY KEY, body MEDIUMTEXT, at DATETIME NOT NULL);
INSERT INTO too_long VALUES (1, 'short', '2025-08-01'), (2, REPEAT('a', 65536), '2025-08-01');
CREATE TABLE too_long_in_bytes (id INT PRIMARY KEY, body LONGTEXT, at DATETIME NOT NULL);
INSERT INTO too_long_in_bytes VALUES (1, REPEAT('€', 21846), '2025-08-01');
