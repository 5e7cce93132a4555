-- `exclude:` finds a column whatever its case, as every other setting does: MySQL does not tell column names apart by it.
CREATE TABLE excluded (Id INT PRIMARY KEY, Secret VARCHAR(9), At DATETIME NOT NULL);
INSERT INTO excluded VALUES (1, 'x', '2025-08-01');
