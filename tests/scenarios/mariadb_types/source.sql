-- What MariaDB has and MySQL has not: UUID, INET4, INET6, a compressed column, a table with its own history.
CREATE TABLE addresses (
  id UUID PRIMARY KEY, at DATETIME NOT NULL, v4 INET4, v6 INET6, note VARCHAR(200) COMPRESSED, body TEXT COMPRESSED);
INSERT INTO addresses VALUES
  ('0B0A3A2E-6D0E-4C5C-9A57-3F1D7AC0E0AA', '2025-08-01', '10.0.0.1', '2001:db8::ff00:42:8329', REPEAT('n', 200), REPEAT('b', 3000)),
  ('00000000-0000-0000-0000-000000000000', '2025-08-01', '255.255.255.255', '::ffff:192.0.2.128', '', ''),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '2025-08-01', NULL, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', NULL, NULL);
CREATE TABLE kept (id INT PRIMARY KEY, v INT, at DATETIME NOT NULL) WITH SYSTEM VERSIONING;
INSERT INTO kept VALUES (1, 1, '2025-08-01'), (2, 2, '2025-08-01'), (3, 3, '2025-08-01');
UPDATE kept SET v = 20 WHERE id = 2;
DELETE FROM kept WHERE id = 3;
