-- A text that is a document in itself stays a text (pgloader's base64 table, its key a text that looks like a UUID).
CREATE TABLE base64 (id VARCHAR(255) PRIMARY KEY, data LONGTEXT, at DATETIME NOT NULL) COMMENT = 'encoded documents';
INSERT INTO base64 VALUES
  ('0b0a3a2e-6d0e-4c5c-9a57-3f1d7ac0e0aa', TO_BASE64('{"sku": "A-1", "qty": 3}'), '2025-08-01'),
  ('0B0A3A2E-6D0E-4C5C-9A57-3F1D7AC0E0AB', TO_BASE64(REPEAT('x', 60)), '2025-08-01');
