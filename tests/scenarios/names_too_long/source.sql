-- A column of more than Redshift's 127 bytes is refused, and may be left out.
CREATE TABLE long_column (
  id INT PRIMARY KEY, `列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列` INT, at DATETIME NOT NULL);
INSERT INTO long_column VALUES (1, 2, '2025-08-01');
CREATE TABLE without_it (
  id INT PRIMARY KEY, `列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列列` INT, at DATETIME NOT NULL);
INSERT INTO without_it VALUES (1, 2, '2025-08-01');
