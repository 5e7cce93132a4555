-- As pgloader's history: the key is the last column and unsigned, the index a BTREE, the cursor ON UPDATE.
CREATE TABLE history (
  hotel_id VARCHAR(16) NOT NULL, update_type VARCHAR(255) NOT NULL, affected_from DATE, affected_to DATE,
  submit_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, submit_ip VARCHAR(15), id BIGINT(20) UNSIGNED NOT NULL)
  DEFAULT CHARSET = utf8mb3;
ALTER TABLE history ADD PRIMARY KEY (id) USING BTREE, ADD KEY (hotel_id), MODIFY id BIGINT(20) UNSIGNED NOT NULL AUTO_INCREMENT;
INSERT INTO history VALUES
  ('h-7', 'rate', '2025-08-10', '2025-09-01', '2025-08-01 07:00:00', '192.168.100.200', 1),
  ('', '', NULL, NULL, '2025-08-01 08:00:00', NULL, 18446744073709551614);
