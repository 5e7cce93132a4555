-- `key:` in place of a primary key, and of one: the newest row per key, also within one window (parsons#355).
CREATE TABLE no_primary (code VARCHAR(5) NOT NULL, version INT NOT NULL, at DATETIME(3) NOT NULL);
INSERT INTO no_primary VALUES
  ('x', 1, '2025-08-01 08:00:00.001'), ('x', 3, '2025-08-01 08:00:00.003'), ('x', 2, '2025-08-01 08:00:00.002'), ('y', 1, '2025-08-01');
CREATE TABLE other_key (id INT PRIMARY KEY, code VARCHAR(5) NOT NULL, version INT NOT NULL, at DATETIME(3) NOT NULL);
INSERT INTO other_key SELECT version * 10 + (code = 'x'), code, version, at FROM no_primary;
