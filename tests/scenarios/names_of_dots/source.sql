-- Tables named by nothing but dots stay in a folder of their own, in S3 and in the spool.
CREATE TABLE `..` (id INT PRIMARY KEY);
INSERT INTO `..` VALUES (2);
CREATE TABLE `...` (id INT PRIMARY KEY);
INSERT INTO `...` VALUES (3);
CREATE TABLE `.` (id INT PRIMARY KEY);
INSERT INTO `.` VALUES (1);
