-- A view of the source as a source: no primary key, so appended, or merged by a named key (pgloader's proceed).
CREATE TABLE base (id INT PRIMARY KEY, amount DECIMAL(10,2), note TEXT, at DATETIME NOT NULL);
INSERT INTO base VALUES (1, 1.10, 'a', '2025-08-01'), (2, 2.20, NULL, '2025-08-01'), (3, -3.30, '', '2025-07-31');
CREATE VIEW appended AS SELECT * FROM base WHERE amount > 0;
CREATE VIEW merged AS SELECT id AS `Id`, amount * 2 AS twice, CONCAT(note, '|') AS note, NULL AS nothing, at FROM base;
CREATE VIEW counted AS SELECT COUNT(*) AS n, SUM(amount) AS total, AVG(amount) AS mean, MAX(at) AS last FROM base;
