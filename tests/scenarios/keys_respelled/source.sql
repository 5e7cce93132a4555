-- A key respelled within its collation is one row in the source and another in the warehouse, where the old one stays, as after a DELETE.
CREATE TABLE names (name VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT, at DATETIME NOT NULL);
INSERT INTO names VALUES ('anna', 1, '2025-08-01'), ('berta', 2, '2025-08-01'), ('carla', 3, '2025-08-01');
