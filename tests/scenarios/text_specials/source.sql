-- What CSV is made of, inside values: pipes, quotes, commas, CR, LF, tabs, backslashes (PipelineWise's edgydata, pipelinewise-target-redshift#45).
CREATE TABLE `specials` (`order` INT PRIMARY KEY, c VARCHAR(60), `group` VARCHAR(60), at DATETIME NOT NULL);
INSERT INTO `specials` VALUES
  (1, 'a|b||c|', '|', '2025-08-01'),
  (2, 'say "hi"', '"', '2025-08-01'),
  (3, '"', '""', '2025-08-01'),
  (4, 'it''s, ok', ',', '2025-08-01'),
  (5, 'line\nline', '\n', '2025-08-01'),
  (6, 'line\r\nline\r', '\r', '2025-08-01'),
  (7, 'tab\there', '\t', '2025-08-01'),
  (8, 'C:\\temp\\new', '\\', '2025-08-01'),
  (9, '\\"', '"\\', '2025-08-01'),
  (10, '\\|', '|"\n|"', '2025-08-01'),
  (11, ' padded ', '  ', '2025-08-01'),
  (12, '["\\,''!@£$%^&*()]\\\\', '%s %(x)s {0}', '2025-08-01'),
  (13, '\Z', CONCAT(CHAR(1), CHAR(31), CHAR(127)), '2025-08-01'),
  (14, '-- ; /* */ #', '\\x41\\u0041', '2025-08-01');
