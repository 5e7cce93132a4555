-- The least a table can be: one column, its cursor; or one column, its key.
CREATE TABLE ticks (at DATETIME(6) NOT NULL);
INSERT INTO ticks VALUES ('2025-08-01 00:00:00'), ('2025-08-01 10:00:00.5'), ('2025-08-01 10:00:00.5'), ('2025-08-02 00:00:00');
CREATE TABLE unique_ticks (at DATETIME(6) PRIMARY KEY);
INSERT INTO unique_ticks VALUES ('2025-08-01 00:00:00'), ('2025-08-01 10:00:00.5'), ('2025-08-02 00:00:00');
CREATE TABLE codes (code CHAR(1) PRIMARY KEY);
INSERT INTO codes VALUES ('a'), (''), ('c');
