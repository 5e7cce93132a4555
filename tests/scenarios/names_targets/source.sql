-- Tables whose names differ in their case alone, each with a target of its own.
CREATE TABLE Orders (id INT PRIMARY KEY);
INSERT INTO Orders VALUES (1);
CREATE TABLE orders (id INT PRIMARY KEY);
INSERT INTO orders VALUES (2);
