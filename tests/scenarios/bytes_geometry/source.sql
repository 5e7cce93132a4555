-- Every geometry as well-known binary, without the source's SRID prefix (pgloader's geom, PipelineWise's all_datatypes).
CREATE TABLE shapes (
  id INT PRIMARY KEY, at DATETIME NOT NULL, g GEOMETRY, p POINT, l LINESTRING, po POLYGON, mp MULTIPOINT,
  ml MULTILINESTRING, mpo MULTIPOLYGON, gc GEOMETRYCOLLECTION);
INSERT INTO shapes VALUES
  (1, '2025-08-01', ST_GeomFromText('POINT(1 1)'), ST_GeomFromText('POINT(-2 0.5)'), ST_GeomFromText('LINESTRING(0 0,1 0)'),
   ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))'), ST_GeomFromText('MULTIPOINT(1 1)'), ST_GeomFromText('MULTILINESTRING((0 0,1 0))'),
   ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')),
  (2, '2025-08-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
