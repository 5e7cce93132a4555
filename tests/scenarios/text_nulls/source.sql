-- NULL, the empty string and every word that some tool takes for NULL stay apart (snowplow-rdb-loader#120).
CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20), raw VARBINARY(9), d DECIMAL(38,10), r FLOAT, g DOUBLE, at DATETIME(3) NOT NULL);
INSERT INTO words VALUES
  (1, NULL, NULL, '0.0000000001', 0.1, 1e300, '2025-08-01'), (2, '', x'00', -0.0, 3.4028234e38, 5e-324, '2025-08-01 00:00:00.001');
