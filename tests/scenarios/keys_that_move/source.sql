-- The primary key of a row is changed: to the warehouse it is another row, and the old one stays, as after a DELETE.
CREATE TABLE moved (id INT PRIMARY KEY, v INT, at DATETIME NOT NULL);
INSERT INTO moved VALUES (1, 10, '2025-08-01'), (2, 20, '2025-08-01');
