-- BOOLEAN and geometry as text where the definition asks for them; nothing is made true that is neither 0 nor 1 (airbyte#76180).
CREATE TABLE chosen (id INT PRIMARY KEY, Paid TINYINT(1) NOT NULL, sent BIT(1), much TINYINT(1), g POINT, at DATETIME NOT NULL);
INSERT INTO chosen VALUES
  (1, 1, b'1', 2, ST_GeomFromText('POINT(-2 0.5)'), '2025-08-01'), (2, 0, b'0', 0, NULL, '2025-08-01'), (3, 0, NULL, NULL, ST_GeomFromText('POINT(1 1)'), '2025-08-01');
CREATE TABLE not_boolean (id INT PRIMARY KEY, paid TINYINT(1), at DATETIME NOT NULL);
INSERT INTO not_boolean VALUES (1, 1, '2025-08-01'), (2, 2, '2025-08-01');
CREATE TABLE negative (id INT PRIMARY KEY, paid TINYINT, at DATETIME NOT NULL);
INSERT INTO negative VALUES (1, -1, '2025-08-01');
CREATE TABLE too_wide (id INT PRIMARY KEY, paid INT, at DATETIME NOT NULL);
CREATE TABLE unknown (id INT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE as_key (a TINYINT(1), b BIT(1), at DATETIME NOT NULL, PRIMARY KEY (a, b), INDEX (at));
INSERT INTO as_key VALUES (0, b'0', '2025-08-01'), (0, b'1', '2025-08-01'), (1, b'0', '2025-08-01');
