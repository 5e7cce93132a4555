-- JSON as SUPER: parsed by COPY, of more than a VARCHAR holds, in a type that MariaDB calls LONGTEXT; what is no JSON is refused.
CREATE TABLE documents (id INT PRIMARY KEY, at DATETIME NOT NULL, doc JSON, words TEXT);
INSERT INTO documents VALUES
  (1, '2025-08-01', '{"a": [1, 2.25, null, true], "b": "x|y \\"z\\" é 🚚"}', '"single"'), (2, '2025-08-01', '[]', '17'),
  (3, '2025-08-01', NULL, 'true'), (4, '2025-08-01', '{"k":\n  "v"}', '{}');
CREATE TABLE long_ones (id INT PRIMARY KEY, at DATETIME NOT NULL, doc LONGTEXT);
INSERT INTO long_ones VALUES (1, '2025-08-01', CONCAT('["', REPEAT('x","', 60000), 'y"]'));
CREATE TABLE no_json (id INT PRIMARY KEY, at DATETIME NOT NULL, doc TEXT);
INSERT INTO no_json VALUES (1, '2025-08-01', '{"a": ');
CREATE TABLE numbers (id INT PRIMARY KEY, at DATETIME NOT NULL, doc INT);
CREATE TABLE keys_of_json (id VARCHAR(9) PRIMARY KEY, at DATETIME NOT NULL);
