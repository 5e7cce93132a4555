-- An empty binary value is not NULL.
CREATE TABLE blanks (id INT PRIMARY KEY, v VARBINARY(8), b BLOB, none VARBINARY(0), at DATETIME NOT NULL);
INSERT INTO blanks VALUES (1, '', '', '', '2025-08-01'), (2, NULL, NULL, NULL, '2025-08-01');
