-- NUL bytes in text stop the window, bytes may hold them (PipelineWise's edgydata, pipelinewise#405).
CREATE TABLE nul_in_text (id INT PRIMARY KEY, c VARCHAR(30), at DATETIME NOT NULL);
INSERT INTO nul_in_text VALUES (1, 'fine', '2025-08-01'), (2, CONCAT(' <- space ', CHAR(0), '<- nul'), '2025-08-01');
CREATE TABLE nul_in_bytes (id INT PRIMARY KEY, c VARBINARY(30), at DATETIME NOT NULL);
INSERT INTO nul_in_bytes VALUES (1, x'00', '2025-08-01'), (2, x'61006200', '2025-08-01');
