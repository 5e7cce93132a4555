-- NULL, '' and every word that some tool takes for NULL stay apart (snowplow-rdb-loader#120).
CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20), long_word TEXT, at DATETIME NOT NULL);
INSERT INTO words VALUES
  (1, NULL, '', '2025-08-01'), (2, '', NULL, '2025-08-01'), (3, 'NULL', 'null', '2025-08-01'),
  (4, '\\N', '\\0', '2025-08-01'), (5, '__null__', '__null1__', '2025-08-01'), (6, 'NaN', 'None', '2025-08-01'),
  (7, ' ', '""', '2025-08-01'), (8, 'nil', '-', '2025-08-01'), (9, '0', 'false', '2025-08-01');
