-- A full snapshot is replaced as a whole: deleted rows go, changed ones change, down to none at all.
CREATE TABLE shrinking (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO shrinking VALUES (1, 'stays'), (2, 'changes'), (3, 'goes');
CREATE TABLE emptied (id INT PRIMARY KEY);
INSERT INTO emptied VALUES (1), (2);
