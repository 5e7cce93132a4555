-- A row that changes is in a later window: merge keeps its newest version in whatever order days are loaded, append keeps each.
CREATE TABLE merged (id INT PRIMARY KEY, v VARCHAR(9), at DATETIME NOT NULL);
INSERT INTO merged VALUES (1, 'old', '2025-08-01 10:00:00'), (2, 'same', '2025-08-01 11:00:00');
CREATE TABLE appended (id INT PRIMARY KEY, v VARCHAR(9), at DATETIME NOT NULL);
INSERT INTO appended VALUES (1, 'old', '2025-08-01 10:00:00'), (2, 'same', '2025-08-01 11:00:00');
CREATE TABLE backwards (id INT PRIMARY KEY, v VARCHAR(9), at DATETIME NOT NULL);
INSERT INTO backwards VALUES (1, 'new', '2025-08-03 10:00:00'), (2, 'same', '2025-08-01 11:00:00');
