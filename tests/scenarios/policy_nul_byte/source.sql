-- NUL bytes are left out of text where that is accepted; '' that is left over is no NULL (pipelinewise#405).
CREATE TABLE stripped (id INT PRIMARY KEY, c VARCHAR(30), d TEXT, raw VARBINARY(9), at DATETIME NOT NULL);
INSERT INTO stripped VALUES
  (1, CONCAT('a', CHAR(0), 'b'), 'fine', x'6100', '2025-08-01'), (2, CHAR(0), CONCAT('顺', CHAR(0, 0), '丰'), x'00', '2025-08-01'),
  (3, NULL, NULL, NULL, '2025-08-01'), (4, '', 'a\0', x'61', '2025-08-01');
CREATE TABLE one_column (id INT PRIMARY KEY, c VARCHAR(30), d TEXT, at DATETIME NOT NULL);
INSERT INTO one_column VALUES (1, CONCAT('a', CHAR(0), 'b'), CONCAT('c', CHAR(0)), '2025-08-01');
