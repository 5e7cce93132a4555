-- Any character arrives as it is: four bytes, right to left, combining, joined, invisible, not normalised (emoji became '?' elsewhere).
CREATE TABLE glyphs (id INT PRIMARY KEY, c VARCHAR(60), at DATETIME NOT NULL) CHARACTER SET utf8mb4;
INSERT INTO glyphs VALUES
  (1, '🚚 顺丰 🇨🇭', '2025-08-01'),
  (2, 'שלום مرحبا', '2025-08-01'),
  (3, _utf8mb4 x'65CC81', '2025-08-01'),
  (4, _utf8mb4 x'C3A9', '2025-08-01'),
  (5, '👨‍👩‍👧‍👦', '2025-08-01'),
  (6, 'ไทย แผ่นดิน', '2025-08-01'),
  (7, _utf8mb4 x'EFBBBF61', '2025-08-01'),
  (8, _utf8mb4 x'E280A8E280A9C285', '2025-08-01'),
  (9, _utf8mb4 x'F48FBFBF', '2025-08-01'),
  (10, _utf8mb4 x'EFBFBD', '2025-08-01'),
  (11, _utf8mb4 x'E280AE616263', '2025-08-01'),
  (12, _utf8mb4 x'E28080C2A0E38080', '2025-08-01'),
  (13, 'ﬁ ﷺ ẞ İ ı', '2025-08-01');
