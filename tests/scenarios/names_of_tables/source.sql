-- Table names with spaces, capitals and every sign a name may have (PipelineWise's table_with_space, pgloader's Yvelines2013-06-28 and CamelCase).
CREATE TABLE `with space and UPPERCase` (id INT PRIMARY KEY);
INSERT INTO `with space and UPPERCase` VALUES (1);
CREATE TABLE `users__Somewhere2013-06-28` (id INT PRIMARY KEY);
INSERT INTO `users__Somewhere2013-06-28` VALUES (2);
CREATE TABLE `a.b` (id INT PRIMARY KEY);
INSERT INTO `a.b` VALUES (3);
CREATE TABLE `pay$ments` (id INT PRIMARY KEY);
INSERT INTO `pay$ments` VALUES (4);
CREATE TABLE `back``tick"s'` (id INT PRIMARY KEY);
INSERT INTO `back``tick"s'` VALUES (5);
CREATE TABLE `a/b%20\c` (id INT PRIMARY KEY);
INSERT INTO `a/b%20\c` VALUES (6);
CREATE TABLE `naïve 顺丰 Ünï` (id INT PRIMARY KEY);
INSERT INTO `naïve 顺丰 Ünï` VALUES (7);
CREATE TABLE `?#&+=;,:*[]{}` (id INT PRIMARY KEY);
INSERT INTO `?#&+=;,:*[]{}` VALUES (8);
CREATE TABLE `2013` (id INT PRIMARY KEY);
INSERT INTO `2013` VALUES (9);
