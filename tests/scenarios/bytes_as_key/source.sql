-- A key of bytes: BINARY pads with zeros, an update finds its row (PipelineWise's table_with_binary, pgloader#811).
CREATE TABLE by_bytes (id BINARY(16) PRIMARY KEY, data VARBINARY(100), negated TINYINT(1) NOT NULL DEFAULT 0, at DATETIME NOT NULL);
INSERT INTO by_bytes VALUES
  ('1000', 'data1000', 0, '2025-08-01'), ('1001', NULL, 0, '2025-08-01'),
  (x'39A19960D36D4355BCBC213E27638261', x'39A1', 0, '2025-08-01'), (x'00', 'zero', 0, '2025-08-01'), (x'FF0A7C', 'x', 0, '2025-08-01');
