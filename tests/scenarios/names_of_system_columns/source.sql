-- A column named as one of those that every Redshift table has is refused before anything is read.
CREATE TABLE with_oid (id INT PRIMARY KEY, OID INT, at DATETIME NOT NULL);
CREATE TABLE with_xmin (id INT PRIMARY KEY, xmin INT, at DATETIME NOT NULL);
CREATE TABLE with_ctid (ctid INT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE left_out (id INT PRIMARY KEY, tableoid INT, at DATETIME NOT NULL);
INSERT INTO left_out VALUES (1, 2, '2025-08-01');
