-- Text of 65,535 bytes fits; one byte more is cut where that is accepted, never inside a character (airbyte#35985).
CREATE TABLE cut (id INT PRIMARY KEY, body LONGTEXT, at DATETIME NOT NULL);
INSERT INTO cut VALUES
  (1, REPEAT('a', 65535), '2025-08-01'), (2, REPEAT('a', 65536), '2025-08-01'),
  (3, REPEAT('€', 21845), '2025-08-01'), (4, CONCAT('aa', REPEAT('€', 21845)), '2025-08-01'),
  (5, CONCAT('aaa', REPEAT('🚚', 16384)), '2025-08-01'), (6, NULL, '2025-08-01'), (7, 'short', '2025-08-01');
CREATE TABLE wide_in_utf8 (id INT PRIMARY KEY, body TEXT CHARACTER SET latin1, at DATETIME NOT NULL);
INSERT INTO wide_in_utf8 VALUES (1, REPEAT('é', 32768), '2025-08-01');
CREATE TABLE nul_first (id INT PRIMARY KEY, body LONGTEXT, at DATETIME NOT NULL);
INSERT INTO nul_first VALUES (1, CONCAT(CHAR(0), REPEAT('a', 65535)), '2025-08-01');
