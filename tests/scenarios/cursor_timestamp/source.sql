-- A TIMESTAMP cursor is an instant: its day is UTC's, whatever zone it was written in (airbyte#48491, dlt#3735).
CREATE TABLE instants (id INT PRIMARY KEY, local_time DATETIME, at TIMESTAMP(6) NOT NULL DEFAULT '2025-01-01 00:00:00');
SET time_zone = '+08:00';
INSERT INTO instants VALUES
  (1, '2025-08-01 07:59:59', '2025-08-01 07:59:59.999999'), (2, '2025-08-01 08:00:00', '2025-08-01 08:00:00'),
  (3, '2025-08-02 07:59:59', '2025-08-02 07:59:59.999999'), (4, '2025-08-02 08:00:00', '2025-08-02 08:00:00');
