-- Trailing spaces: CHAR has lost them in the source, VARCHAR, TEXT and BINARY keep theirs; lengths of nought.
CREATE TABLE spaces (
  id INT PRIMARY KEY, at DATETIME NOT NULL, c CHAR(6), v VARCHAR(6), t TEXT, b BINARY(4), c0 CHAR(0), v0 VARCHAR(0));
INSERT INTO spaces VALUES
  (1, '2025-08-01', 'ab  ', 'ab  ', 'ab  ', 'ab', '', ''),
  (2, '2025-08-01', '  ab', '  ab', '  ab', '  ', NULL, NULL),
  (3, '2025-08-01', '      ', '      ', '      ', '', '', NULL);
