-- Definitions that the table does not bear out: refused in words, before anything is read.
CREATE TABLE plain (id INT PRIMARY KEY, day DATE NOT NULL, n BIGINT NOT NULL, at DATETIME NOT NULL);
CREATE TABLE plain2 LIKE plain;
CREATE TABLE plain3 LIKE plain;
CREATE TABLE plain4 LIKE plain;
CREATE TABLE plain5 LIKE plain;
