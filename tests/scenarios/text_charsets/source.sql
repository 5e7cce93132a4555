-- Columns of many character sets, a case-sensitive and a binary collation (pgloader#661 has gbk, PipelineWise's tables are latin1 and utf8).
CREATE TABLE charsets (
  id INT PRIMARY KEY, at DATETIME NOT NULL,
  la VARCHAR(9) CHARACTER SET latin1, gb VARCHAR(9) CHARACTER SET gbk, u3 VARCHAR(9) CHARACTER SET utf8mb3,
  u4 VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, sj VARCHAR(9) CHARACTER SET sjis, b5 VARCHAR(9) CHARACTER SET big5,
  ko CHAR(9) CHARACTER SET koi8r, wi TEXT CHARACTER SET utf16, uc VARCHAR(9) CHARACTER SET ucs2, asc_ii CHAR(9) CHARACTER SET ascii,
  raw VARCHAR(9) CHARACTER SET binary, words ENUM('é', 'ü') CHARACTER SET latin1);
INSERT INTO charsets VALUES
  (1, '2025-08-01', 'é€ÿ', '顺丰！', 'naïve Ω', '🚚a', 'ソ表', '功許', 'Привет', '🚚 顺', '顺丰', 'plain', x'00FF', 'ü'),
  (2, '2025-08-01', '', '', '', '', '', '', '', '', '', '', x'41', 'é'),
  (3, '2025-08-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
