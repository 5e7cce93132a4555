-- Tables without a row: the warehouse table is there with its columns (pgloader's empty).
CREATE TABLE empty_ (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE empty_full (id INT AUTO_INCREMENT PRIMARY KEY);
CREATE TABLE empty_append (v VARCHAR(10), at TIMESTAMP NULL);
CREATE TABLE empty_day (id INT PRIMARY KEY, at DATETIME NOT NULL);
INSERT INTO empty_day VALUES (1, '2025-08-02');
