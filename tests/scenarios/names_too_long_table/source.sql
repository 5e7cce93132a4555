-- A table of more than Redshift's 127 bytes is refused until it is given a target.
CREATE TABLE `表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表表` (id INT PRIMARY KEY);
