-- JSON, which MariaDB keeps as the text it was given (PipelineWise's edgydata; edx imports it as text).
CREATE TABLE documents (id INT PRIMARY KEY, at DATETIME NOT NULL, doc JSON);
INSERT INTO documents VALUES
  (1, '2025-08-01', '{"b": 1, "a": [1, 2.50, null, true], "b": 2}'), (2, '2025-08-01', '[]'), (3, '2025-08-01', 'null'),
  (4, '2025-08-01', NULL), (5, '2025-08-01', '"a|b \\"c\\" \\\\ \\u00e9 é 🚚"'), (6, '2025-08-01', '12345678901234567890123'),
  (7, '2025-08-01', '{"k":\n  "v"}');
