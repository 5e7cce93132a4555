-- What MySQL has and MariaDB has not: JSON as a type, which it reorders, VECTOR, collations without padding, generated keys.
CREATE TABLE documents (id INT PRIMARY KEY, at DATETIME NOT NULL, doc JSON, v VECTOR(2), KEY ((CAST(doc->>'$.a' AS UNSIGNED))));
INSERT INTO documents VALUES
  (1, '2025-08-01', '{"b": 1, "a": 7, "b": 2}', STRING_TO_VECTOR('[1, -2]')), (2, '2025-08-01', '[1, 2.50, 1e300, null, true]', NULL),
  (3, '2025-08-01', 'null', NULL), (4, '2025-08-01', NULL, NULL), (5, '2025-08-01', '"a|b \\"c\\" \\\\ \\u00e9 🚚\\n"', NULL),
  (6, '2025-08-01', '18446744073709551615', NULL);
CREATE TABLE no_pad (k VARCHAR(10) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n INT, at DATETIME NOT NULL);
INSERT INTO no_pad VALUES ('a', 1, '2025-08-01'), ('a ', 2, '2025-08-01'), ('', 3, '2025-08-01'), (' ', 4, '2025-08-01');
SET sql_generate_invisible_primary_key = ON;
CREATE TABLE generated_key (v INT, at DATETIME NOT NULL);
CREATE TABLE generated_key_appended (v INT, at DATETIME NOT NULL);
INSERT INTO generated_key_appended VALUES (1, '2025-08-01'), (1, '2025-08-01');
