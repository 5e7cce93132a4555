-- Nothing to merge by, a key that may be NULL, or none of the table's columns: refused before anything is read.
CREATE TABLE without_key (id INT NOT NULL, at DATETIME NOT NULL);
CREATE TABLE nullable_key (id INT, at DATETIME NOT NULL, UNIQUE KEY (id));
CREATE TABLE unknown_key (id INT PRIMARY KEY, at DATETIME NOT NULL);
