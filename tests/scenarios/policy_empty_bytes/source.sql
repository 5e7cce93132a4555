-- Bytes of length zero are carried, though COPY has no word for them; or NULL, or refused, where that is asked for.
CREATE TABLE kept (id INT PRIMARY KEY, one VARBINARY(1), b BLOB, at DATETIME NOT NULL);
INSERT INTO kept VALUES (1, '', '', '2025-08-01'), (2, x'FF', x'', '2025-08-01'), (3, NULL, NULL, '2025-08-01'), (4, x'FE', x'00', '2025-08-01');
CREATE TABLE nulled (id INT PRIMARY KEY, v VARBINARY(8), b BLOB, at DATETIME NOT NULL);
INSERT INTO nulled VALUES (1, '', '', '2025-08-01'), (2, x'FF', NULL, '2025-08-01');
CREATE TABLE forbidden (id INT PRIMARY KEY, v VARBINARY(8), at DATETIME NOT NULL);
INSERT INTO forbidden VALUES (1, x'FF', '2025-08-01'), (2, '', '2025-08-01');
CREATE TABLE as_key (v VARBINARY(8) PRIMARY KEY, at DATETIME NOT NULL);
INSERT INTO as_key VALUES ('', '2025-08-01'), (x'00', '2025-08-01');
CREATE TABLE every_byte (id INT PRIMARY KEY, v VARBINARY(1), at DATETIME NOT NULL);
INSERT INTO every_byte WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 255) SELECT i, UNHEX(LPAD(HEX(i), 2, '0')), '2025-08-01' FROM n;
INSERT INTO every_byte VALUES (256, '', '2025-08-01');
