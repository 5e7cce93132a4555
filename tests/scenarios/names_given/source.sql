-- Columns that Redshift cannot tell apart, names that it keeps for itself or is too short for, and a table by other names: `rename:`.
CREATE TABLE twins (id INT PRIMARY KEY, `Ƚ` INT, `ƚ` INT, at DATETIME NOT NULL);
INSERT INTO twins VALUES (1, 2, 3, '2025-08-01');
CREATE TABLE system_names (ctid INT PRIMARY KEY, OID INT, xmin VARCHAR(5), At DATETIME NOT NULL);
INSERT INTO system_names VALUES (1, 2, 'three', '2025-08-01'), (2, 3, 'four', '2025-08-01');
CREATE TABLE long_name (id INT PRIMARY KEY, `数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数数` INT, at DATETIME NOT NULL);
INSERT INTO long_name VALUES (1, 2, '2025-08-01');
CREATE TABLE swapped (a INT PRIMARY KEY, b INT, at DATETIME NOT NULL);
INSERT INTO swapped VALUES (1, 2, '2025-08-01');
CREATE TABLE two_to_one (id INT PRIMARY KEY, a INT, b INT, at DATETIME NOT NULL);
CREATE TABLE not_there (id INT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE to_a_system_name (id INT PRIMARY KEY, at DATETIME NOT NULL);
