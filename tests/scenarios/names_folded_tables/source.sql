-- Tables whose names differ in their case alone would load into one: refused, whichever is asked for.
CREATE TABLE Orders (id INT PRIMARY KEY);
CREATE TABLE orders (id INT PRIMARY KEY);
