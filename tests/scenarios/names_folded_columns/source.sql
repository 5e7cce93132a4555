-- Columns that MySQL tells apart (its collation of names is older than these letters) and Redshift does not are refused; one of them may be left out.
CREATE TABLE twins (id INT PRIMARY KEY, `Ƚ` INT, `ƚ` INT, at DATETIME NOT NULL);
INSERT INTO twins VALUES (1, 2, 3, '2025-08-01');
CREATE TABLE single (id INT PRIMARY KEY, `Ƚ` INT, `ƚ` INT, at DATETIME NOT NULL);
INSERT INTO single VALUES (1, 2, 3, '2025-08-01');
