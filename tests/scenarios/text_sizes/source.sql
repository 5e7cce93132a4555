-- Texts of exactly 65,535 bytes, of one, two, three and four bytes a character; a VARCHAR counts bytes (pipelinewise#423, sling#539).
CREATE TABLE sizes (
  id INT PRIMARY KEY, at DATETIME NOT NULL,
  tiny TINYTEXT, t TEXT, medium MEDIUMTEXT, huge LONGTEXT, v VARCHAR(10), w VARCHAR(4000));
INSERT INTO sizes VALUES
  (1, '2025-08-01', REPEAT('z', 255), REPEAT('a', 65535), REPEAT('b', 65535), REPEAT('c', 65535), REPEAT('d', 10), REPEAT('w', 4000)),
  (2, '2025-08-01', REPEAT('é', 127), REPEAT('€', 21845), CONCAT('x', REPEAT('é', 32767)), CONCAT('xyz', REPEAT('🚚', 16383)),
   REPEAT('🚚', 10), REPEAT('🚚', 4000));
