-- Columns that come, grow and go between two windows: the warehouse table follows as far as that is safe, by name and not by position.
CREATE TABLE drifting (id INT PRIMARY KEY, a INT, b VARCHAR(5), at DATETIME NOT NULL);
INSERT INTO drifting VALUES (1, 10, 'short', '2025-08-01');
CREATE TABLE retyped (id INT PRIMARY KEY, a INT, at DATETIME NOT NULL);
INSERT INTO retyped VALUES (1, 10, '2025-08-01');
CREATE TABLE renamed (id INT PRIMARY KEY, a INT, at DATETIME NOT NULL);
INSERT INTO renamed VALUES (1, 10, '2025-08-01');
CREATE TABLE reworded (id INT PRIMARY KEY, a INT, at DATETIME NOT NULL);
INSERT INTO reworded VALUES (1, 10, '2025-08-01');
