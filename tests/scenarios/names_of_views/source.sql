-- A table named as the view of another would stand in its place: refused.
CREATE TABLE parcels (id INT PRIMARY KEY, at DATETIME NOT NULL);
CREATE TABLE parcels_latest (id INT PRIMARY KEY, at DATETIME NOT NULL);
