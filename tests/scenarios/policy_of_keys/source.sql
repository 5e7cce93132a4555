-- The values of a key are never changed, whatever the table's policy: two rows might become one.
CREATE TABLE words (word VARCHAR(30) COLLATE utf8mb4_bin PRIMARY KEY, note VARCHAR(30), at DATETIME NOT NULL);
INSERT INTO words VALUES ('ab', 'x\0y', '2025-08-01'), (CONCAT('a', CHAR(0), 'b'), 'z', '2025-08-01');
CREATE TABLE asked_for (word VARCHAR(30) PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE of_another_type (id INT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE unknown_column (id INT PRIMARY KEY, at DATETIME NOT NULL);
