-- What time windows do not see, as the README says: deletes, changes that leave the cursor alone, rows that come late with an old one.
CREATE TABLE unseen (id INT PRIMARY KEY, v INT, at DATETIME NOT NULL);
INSERT INTO unseen VALUES (1, 1, '2025-08-01'), (2, 2, '2025-08-01'), (3, 3, '2025-08-01');
