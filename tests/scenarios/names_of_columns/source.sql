-- Column names with spaces, dots, quotes, percent signs, capitals and letters of any alphabet, as key and cursor too.
CREATE TABLE odd (
  `Key One` INT, `a.b` INT, `a b` INT, `A$` INT, `per%cent %s` INT, `back``tick` INT, `quo"te'` INT, `привет` INT, `1st` INT,
  `{brace}` INT, `semi;colon, comma` INT, `back\slash` INT, `-` INT, `Größe` INT, ` lead` INT, `Changed At` DATETIME NOT NULL,
  PRIMARY KEY (`Key One`, `quo"te'`));
INSERT INTO odd VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, '2025-08-01');
