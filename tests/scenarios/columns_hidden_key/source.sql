-- A key column that is left out, being invisible or excluded, cannot be merged by: refused before anything is read.
CREATE TABLE invisible_key (id INT AUTO_INCREMENT INVISIBLE PRIMARY KEY, v INT, at DATETIME NOT NULL);
INSERT INTO invisible_key (v, at) VALUES (5, '2025-08-01');
CREATE TABLE excluded_key (id INT PRIMARY KEY, v INT, at DATETIME NOT NULL);
INSERT INTO excluded_key VALUES (1, 5, '2025-08-01');
CREATE TABLE appended (id INT AUTO_INCREMENT INVISIBLE PRIMARY KEY, v INT, at DATETIME NOT NULL, KEY (at));
INSERT INTO appended (v, at) VALUES (5, '2025-08-01'), (6, '2025-08-01');
CREATE TABLE shown (id INT AUTO_INCREMENT INVISIBLE PRIMARY KEY, v INT);
INSERT INTO shown (v) VALUES (5), (6);
