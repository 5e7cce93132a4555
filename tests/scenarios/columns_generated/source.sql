-- Generated columns are carried as their type, virtual or stored, also as the cursor; invisible ones are left out.
CREATE TABLE computed (
  id INT PRIMARY KEY, net DECIMAL(10,2), pieces INT, created DATETIME(3) NOT NULL, updated DATETIME(3),
  total DECIMAL(14,2) AS (net * pieces) VIRTUAL, label VARCHAR(20) AS (CONCAT('#', id)) STORED,
  changed DATETIME(3) AS (COALESCE(updated, created)) STORED, secret INT INVISIBLE DEFAULT 7);
INSERT INTO computed (id, net, pieces, created, updated) VALUES
  (1, 1.25, 3, '2025-07-01', '2025-08-01 00:00:00.125'), (2, NULL, 2, '2025-08-01 10:00:00', NULL), (3, 1, 1, '2025-07-01', NULL);
CREATE TABLE virtual_cursor (
  id INT PRIMARY KEY, day DATE NOT NULL, at DATETIME AS (TIMESTAMP(day, '12:00:00')) VIRTUAL);
INSERT INTO virtual_cursor (id, day) VALUES (1, '2025-07-31'), (2, '2025-08-01'), (3, '2025-08-02');
