-- Tables that only MariaDB has: system-versioned ones (the current rows), sequences, application periods.
CREATE TABLE versioned (id INT PRIMARY KEY, n INT) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 1), (2, 2), (3, 3);
UPDATE versioned SET n = n + 10 WHERE id < 3;
DELETE FROM versioned WHERE id = 3;
CREATE TABLE periods (id INT, since DATE, until DATE, PERIOD FOR valid(since, until));
INSERT INTO periods VALUES (1, '2020-01-01', '2021-01-01');
DELETE FROM periods FOR PORTION OF valid FROM '2020-03-01' TO '2020-04-01';
CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2;
CREATE TABLE numbered (id INT PRIMARY KEY DEFAULT (NEXT VALUE FOR numbers), at DATETIME NOT NULL);
INSERT INTO numbered (at) VALUES ('2025-08-01'), ('2025-08-01');
