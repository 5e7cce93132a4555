-- As PipelineWise's all_datatypes: one row with a value of each type, keyed by a single character.
CREATE TABLE every_type (
  c_char CHAR PRIMARY KEY, c_varchar VARCHAR(50), c_binary BINARY(3), c_varbinary VARBINARY(20), c_blob BLOB, c_tinyblob TINYBLOB,
  c_point POINT, c_text TEXT, c_tinytext TINYTEXT, c_mediumtext MEDIUMTEXT, c_longtext LONGTEXT, c_enum ENUM('uno', 'due'),
  c_bool_unsigned TINYINT(1) UNSIGNED, c_tinyint TINYINT, c_mediumint MEDIUMINT, c_bit BIT, c_decimal DECIMAL, c_double DOUBLE,
  c_float FLOAT, c_bool BOOLEAN, c_date DATE, c_datetime DATETIME, c_timestamp TIMESTAMP NULL, c_time TIME) CHARACTER SET utf8mb3;
INSERT INTO every_type VALUES
  ('q', 'text', x'0A', x'FEDCBA98', x'00', x'7F', ST_GeomFromText('POINT(3 4)'), 'long', 'tiny', 'medium', 'longest', 'due',
   200, -12, -8000, 1, 10, 10.2, 10.2, TRUE, '2020-06-01', '2100-06-01 10:00:00', '2020-06-01 10:00:00', '13:11:45');
