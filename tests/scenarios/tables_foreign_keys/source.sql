-- Tables that refer to each other and to themselves; a cascade that leaves the cursor alone is not seen.
CREATE TABLE parents (id INT PRIMARY KEY, boss INT, at DATETIME NOT NULL, FOREIGN KEY (boss) REFERENCES parents (id));
CREATE TABLE children (
  id INT PRIMARY KEY, parent INT, at DATETIME NOT NULL, FOREIGN KEY (parent) REFERENCES parents (id) ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO parents VALUES (1, NULL, '2025-08-01'), (2, 1, '2025-08-01'), (3, 1, '2025-08-01');
INSERT INTO children VALUES (10, 2, '2025-08-01'), (11, 3, '2025-08-01');
