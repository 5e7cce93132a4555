-- ENUM with an empty member, quotes, commas, backslashes and many bytes a character (pgloader's utilisateurs__Yvelines).
SET sql_mode = '';
CREATE TABLE enums (
  id INT PRIMARY KEY, at DATETIME NOT NULL,
  e ENUM('', 'a', 'Artisan, chef d''entreprise', 'Employé', '3 – 5', 'a|b', 'back\\slash', 'say "x"', '🚚'),
  s ENUM('H', 'F') CHARACTER SET latin1, n ENUM('0', '1', '2', '10'), only_empty ENUM(''));
INSERT INTO enums VALUES
  (1, '2025-08-01', '', 'H', '0', ''), (2, '2025-08-01', 'a', 'F', '1', ''),
  (3, '2025-08-01', 'Artisan, chef d''entreprise', 'H', '10', ''), (4, '2025-08-01', 'Employé', 'no such member', '2', NULL),
  (5, '2025-08-01', '3 – 5', NULL, NULL, NULL), (6, '2025-08-01', 'a|b', 'H', 2, ''),
  (7, '2025-08-01', 'back\\slash', 'H', '2', ''), (8, '2025-08-01', 'say "x"', 'H', '2', ''), (9, '2025-08-01', '🚚', 'H', '2', '');
