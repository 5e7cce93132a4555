-- System views. Names are given back in full, types as Redshift writes them.

CREATE FUNCTION standin.full_name(name) RETURNS varchar LANGUAGE sql STABLE STRICT AS $$
    SELECT coalesce((SELECT long FROM standin.long_name WHERE short = $1::text), $1::text)::varchar
$$;
CREATE FUNCTION standin.type_name(type oid, typmod integer) RETURNS varchar LANGUAGE sql
    STABLE AS $$
    SELECT CASE type
        WHEN 'varbyte'::regtype THEN 'binary varying' || coalesce('(' || nullif(typmod, -1) - 4 || ')', '')
        WHEN 'text'::regtype THEN 'text'
        ELSE format_type(type, typmod) END::varchar $$;
CREATE FUNCTION standin.base_name(type oid) RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT standin.type_name(type, -1) $$;

CREATE VIEW standin.relation_column AS
    SELECT c.oid AS relid, n.nspname, c.relname, c.relkind, a.attname, a.attnum,
           row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::integer AS ordinal,
           a.atttypid, a.atttypmod, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS default_expr,
           a.attidentity, coalesce(x.encoding, 'none') AS encoding,
           coalesce(x.distkey, false) AS distkey, coalesce(x.sortkey, 0) AS sortkey
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN standin.column_attribute x ON x.relid = c.oid AND x.attname = a.attname
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('standin', 'pg_toast')
      AND NOT EXISTS (SELECT FROM standin.late_view l WHERE l.relid = c.oid);
GRANT SELECT ON standin.relation_column TO PUBLIC;

-- What queries read as pg_class.
CREATE VIEW standin.pg_class AS
    SELECT oid, standin.full_name(relname) AS relname, relnamespace, reltype, relowner, relam,
           relfilenode, relpages, reltuples, relhasindex, relisshared, relkind, relnatts, relacl,
           relpersistence
    FROM pg_catalog.pg_class;
GRANT SELECT ON standin.pg_class TO PUBLIC;

-- Source: "PG_TABLE_DEF": shows only tables in schemas of the search path.
CREATE VIEW pg_catalog.pg_table_def AS
    SELECT nspname AS schemaname, standin.full_name(relname) AS tablename,
           standin.full_name(attname) AS "column", standin.type_name(atttypid, atttypmod) AS type,
           encoding::varchar AS encoding, distkey, sortkey, attnotnull AS notnull
    FROM standin.relation_column
    WHERE relkind = 'r' AND nspname = ANY (current_schemas(true));

CREATE VIEW standin.column_description AS
    SELECT current_database()::varchar AS table_catalog, nspname::varchar AS table_schema,
           standin.full_name(relname) AS table_name, standin.full_name(attname) AS column_name,
           ordinal AS ordinal_position, default_expr::varchar AS column_default,
           CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END::varchar AS is_nullable,
           standin.base_name(atttypid) AS data_type,
           CASE WHEN atttypid IN ('varchar'::regtype, 'bpchar'::regtype, 'varbyte'::regtype)
                THEN nullif(atttypmod, -1) - 4 END AS character_maximum_length,
           CASE WHEN atttypid = 'numeric'::regtype THEN ((atttypmod - 4) >> 16) & 65535
                WHEN atttypid = 'int2'::regtype THEN 16 WHEN atttypid = 'int4'::regtype THEN 32
                WHEN atttypid = 'int8'::regtype THEN 64 WHEN atttypid = 'float4'::regtype THEN 24
                WHEN atttypid = 'float8'::regtype THEN 53 END AS numeric_precision,
           CASE WHEN atttypid = 'numeric'::regtype THEN 10
                WHEN atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype,
                                  'float4'::regtype, 'float8'::regtype) THEN 2
                END AS numeric_precision_radix,
           CASE WHEN atttypid = 'numeric'::regtype THEN (atttypmod - 4) & 2047
                WHEN atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 0
                END AS numeric_scale,
           CASE WHEN atttypid IN ('timestamp'::regtype, 'timestamptz'::regtype, 'time'::regtype,
                                  'timetz'::regtype) THEN 6 END AS datetime_precision,
           NULL::varchar AS interval_type, NULL::varchar AS interval_precision,
           NULL::varchar AS character_set_catalog, NULL::varchar AS character_set_schema,
           NULL::varchar AS character_set_name, NULL::varchar AS collation_catalog,
           NULL::varchar AS collation_schema, NULL::varchar AS collation_name,
           NULL::varchar AS domain_name, relid, attnum
    FROM standin.relation_column;
GRANT SELECT ON standin.column_description TO PUBLIC;

CREATE VIEW pg_catalog.svv_columns AS
    SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default,
           is_nullable, data_type, character_maximum_length, numeric_precision,
           numeric_precision_radix, numeric_scale, datetime_precision, interval_type,
           interval_precision, character_set_catalog, character_set_schema, character_set_name,
           collation_catalog, collation_schema, collation_name, domain_name,
           col_description(relid, attnum)::varchar AS remarks
    FROM standin.column_description;
CREATE VIEW pg_catalog.svv_redshift_columns AS
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name,
           ordinal_position, standin.type_name(c.atttypid, c.atttypmod) AS data_type,
           column_default, is_nullable, c.encoding, c.distkey, c.sortkey,
           NULL::varchar AS column_acl, NULL::varchar AS remarks
    FROM standin.column_description d
    JOIN standin.relation_column c USING (relid, attnum);

DROP VIEW information_schema.columns CASCADE;
CREATE VIEW information_schema.columns AS
    SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default,
           is_nullable, data_type, character_maximum_length,
           character_maximum_length AS character_octet_length, numeric_precision,
           numeric_precision_radix, numeric_scale, datetime_precision, interval_type,
           interval_precision, character_set_catalog, character_set_schema, character_set_name,
           collation_catalog, collation_schema, collation_name, domain_name
    FROM standin.column_description;

CREATE VIEW standin.table_description AS
    SELECT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema,
           standin.full_name(c.relname) AS table_name,
           CASE WHEN c.relkind = 'v' THEN 'VIEW'
                WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY'
                ELSE 'BASE TABLE' END::varchar AS table_type,
           obj_description(c.oid, 'pg_class')::varchar AS remarks
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('standin', 'pg_toast');
GRANT SELECT ON standin.table_description TO PUBLIC;

DROP VIEW information_schema.tables CASCADE;
CREATE VIEW information_schema.tables AS
    SELECT table_catalog, table_schema, table_name, table_type,
           NULL::varchar AS self_referencing_column_name, NULL::varchar AS reference_generation,
           NULL::varchar AS user_defined_type_catalog, NULL::varchar AS user_defined_type_schema,
           NULL::varchar AS user_defined_name
    FROM standin.table_description;
CREATE VIEW pg_catalog.svv_tables AS
    SELECT table_catalog, table_schema, table_name, table_type, remarks
    FROM standin.table_description;
CREATE VIEW pg_catalog.svv_redshift_tables AS
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name,
           CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END::varchar AS table_type,
           NULL::varchar AS table_acl, remarks
    FROM standin.table_description;

DROP VIEW information_schema.views;
CREATE VIEW information_schema.views AS
    SELECT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema,
           standin.full_name(c.relname) AS table_name,
           coalesce(l.query, pg_get_viewdef(c.oid))::varchar AS view_definition,
           'NONE'::varchar AS check_option, 'NO'::varchar AS is_updatable,
           'NO'::varchar AS is_insertable_into
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN standin.late_view l ON l.relid = c.oid
    WHERE c.relkind = 'v' AND n.nspname NOT IN ('standin', 'pg_toast');
CREATE OR REPLACE VIEW pg_catalog.pg_views AS
    SELECT n.nspname AS schemaname, c.relname AS viewname,
           pg_get_userbyid(c.relowner) AS viewowner,
           coalesce(l.query, pg_get_viewdef(c.oid)) AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN standin.late_view l ON l.relid = c.oid
    WHERE c.relkind = 'v' AND n.nspname <> 'standin';

CREATE VIEW standin.table_key AS
    SELECT c.oid AS relid, n.nspname, c.relname, k.value ->> 'type' AS type,
           coalesce(k.value ->> 'name', c.relname || CASE k.value ->> 'type'
               WHEN 'PRIMARY KEY' THEN '_pkey' WHEN 'UNIQUE' THEN '_key' ELSE '_fkey' END) AS name,
           k.value -> 'columns' AS columns
    FROM standin.table_attribute t
    JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace,
    json_array_elements(t.keys) AS k;
GRANT SELECT ON standin.table_key TO PUBLIC;
DROP VIEW information_schema.table_constraints CASCADE;
CREATE VIEW information_schema.table_constraints AS
    SELECT current_database()::varchar AS constraint_catalog, nspname::varchar AS constraint_schema,
           name::varchar AS constraint_name, current_database()::varchar AS table_catalog,
           nspname::varchar AS table_schema, standin.full_name(relname) AS table_name,
           type::varchar AS constraint_type, 'NO'::varchar AS is_deferrable,
           'NO'::varchar AS initially_deferred
    FROM standin.table_key;
DROP VIEW information_schema.key_column_usage CASCADE;
CREATE VIEW information_schema.key_column_usage AS
    SELECT current_database()::varchar AS constraint_catalog, nspname::varchar AS constraint_schema,
           name::varchar AS constraint_name, current_database()::varchar AS table_catalog,
           nspname::varchar AS table_schema, standin.full_name(relname) AS table_name,
           standin.full_name(c.value::name) AS column_name, c.ordinality::integer AS ordinal_position
    FROM standin.table_key, json_array_elements_text(columns) WITH ORDINALITY AS c;

CREATE FUNCTION standin.row_count(relation oid) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE total numeric;
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || relation::regclass INTO total;
    RETURN total;
END $$;
-- Source: "SVV_TABLE_INFO": empty tables are not shown.
CREATE VIEW pg_catalog.svv_table_info AS
    SELECT * FROM (
        SELECT current_database()::text AS database, n.nspname::text AS schema, c.oid AS table_id,
               standin.full_name(c.relname)::text AS "table",
               CASE WHEN NOT coalesce(t.auto_encode, true) THEN 'Y'
                    ELSE 'Y, AUTO(ENCODE)' END::text AS encoded,
               CASE WHEN k.distkey IS NOT NULL THEN 'KEY(' || k.distkey || ')'
                    WHEN coalesce(t.diststyle, 'AUTO') = 'AUTO' THEN 'AUTO(ALL)'
                    ELSE t.diststyle END::text AS diststyle,
               coalesce(k.sortkey1, CASE WHEN t.sortstyle = 'AUTO' OR t.relid IS NULL
                                         THEN 'AUTO(SORTKEY)' END)::text AS sortkey1,
               k.max_varchar, coalesce(k.sortkeys, 0) AS sortkey_num,
               pg_total_relation_size(c.oid) / 1048576 + 1 AS size,
               standin.row_count(c.oid) AS tbl_rows,
               standin.row_count(c.oid) AS estimated_visible_rows,
               0::numeric AS unsorted, 0::numeric AS stats_off
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN standin.table_attribute t ON t.relid = c.oid
        LEFT JOIN LATERAL (
            SELECT max(standin.full_name(attname)) FILTER (WHERE distkey) AS distkey,
                   max(standin.full_name(attname)) FILTER (WHERE abs(sortkey) = 1) AS sortkey1,
                   max(abs(sortkey)) AS sortkeys,
                   max(atttypmod - 4) FILTER (WHERE atttypid = 'varchar'::regtype) AS max_varchar
            FROM standin.relation_column r WHERE r.relid = c.oid) k ON true
        WHERE c.relkind = 'r' AND n.nspname NOT IN
              ('standin', 'pg_catalog', 'pg_toast', 'information_schema')
    ) tables WHERE tbl_rows > 0;

CREATE VIEW pg_catalog.stl_load_errors AS
    SELECT userid, slice, tbl, starttime, session, query, filename, line_number, colname, type,
           col_length, "position", raw_line, raw_field_value, err_code, err_reason, is_partial,
           start_offset, copy_job_id
    FROM standin.load_error;
CREATE VIEW pg_catalog.stl_loaderror_detail AS
    SELECT userid, slice, session, query, filename, line_number, NULL::integer AS field, colname,
           raw_field_value AS value, 1 AS is_null, type, col_length
    FROM standin.load_error;
CREATE VIEW pg_catalog.sys_load_error_detail AS
    SELECT userid AS user_id, query AS query_id, 0::bigint AS transaction_id,
           session AS session_id, current_database()::varchar AS database_name, tbl AS table_id,
           starttime AS start_time, filename AS file_name, line_number, colname AS column_name,
           type AS column_type, col_length AS column_length, "position",
           err_code AS error_code, err_reason AS error_message
    FROM standin.load_error;
CREATE VIEW pg_catalog.stl_load_commits AS SELECT * FROM standin.load_commit;
CREATE VIEW pg_catalog.stv_sessions AS
    SELECT backend_start AT TIME ZONE 'UTC' AS starttime, pid AS process,
           usename::varchar AS user_name, datname::varchar AS db_name, 0 AS timeout_sec
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsdb';
CREATE VIEW pg_catalog.stv_inflight AS
    SELECT usesysid::integer AS userid, 0 AS slice, 0::bigint AS query, ''::varchar AS label,
           xact_start AT TIME ZONE 'UTC' AS starttime, 0 AS suspended, query::varchar AS text, pid
    FROM pg_stat_activity WHERE state = 'active' AND usename <> 'rdsdb';
CREATE VIEW pg_catalog.svv_transactions AS
    SELECT usename::varchar AS txn_owner, datname::varchar AS txn_db,
           coalesce(backend_xid, backend_xmin)::text::bigint AS xid, l.pid,
           xact_start AT TIME ZONE 'UTC' AS txn_start, l.mode::varchar AS lock_mode,
           CASE WHEN l.locktype = 'relation' THEN 'relation' ELSE 'transactionid' END::varchar
               AS lockable_object_type, l.relation, l.granted
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype IN ('relation', 'transactionid') AND usename <> 'rdsdb';
GRANT SELECT ON ALL TABLES IN SCHEMA information_schema TO PUBLIC;
DO $$
DECLARE view_name text;
BEGIN
    FOR view_name IN SELECT relname FROM pg_class
        WHERE relkind = 'v' AND relnamespace = 'pg_catalog'::regnamespace AND oid >= 16384
    LOOP
        EXECUTE format('GRANT SELECT ON pg_catalog.%I TO PUBLIC', view_name);
    END LOOP;
END $$;

-- Source: "SHOW TABLE". Written so that running it makes the same table again.
CREATE FUNCTION standin.show_table(relation regclass) RETURNS varchar LANGUAGE plpgsql AS $$
DECLARE
    columns text;
    keys text;
    attribute standin.table_attribute;
    distkey text;
    sortkeys text;
BEGIN
    SELECT * INTO attribute FROM standin.table_attribute WHERE relid = relation;
    SELECT string_agg(E'\n    ' || standin.full_name(attname) || ' '
               || standin.type_name(atttypid, atttypmod)
               || CASE WHEN attidentity <> '' THEN ' identity(1,1)' ELSE '' END
               || coalesce(' DEFAULT ' || default_expr, '')
               || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
               || ' ENCODE ' || CASE encoding WHEN 'none' THEN 'raw' ELSE encoding END
               || CASE WHEN r.distkey THEN ' distkey' ELSE '' END, ',' ORDER BY attnum),
           string_agg(standin.full_name(attname), ', ' ORDER BY abs(sortkey))
               FILTER (WHERE sortkey <> 0)
        INTO columns, sortkeys FROM standin.relation_column r WHERE relid = relation;
    SELECT string_agg(E',\n    ' || (k.value ->> 'type') || ' ('
            || (SELECT string_agg(c, ', ') FROM json_array_elements_text(k.value -> 'columns') c)
            || ')', '')
        INTO keys FROM json_array_elements(attribute.keys) AS k
        WHERE k.value ->> 'type' <> 'FOREIGN KEY';
    RETURN 'CREATE TABLE ' || relation || ' (' || columns || coalesce(keys, '') || E'\n)\nDISTSTYLE '
        || coalesce(attribute.diststyle, 'AUTO')
        || coalesce(E'\n' || nullif(replace(attribute.sortstyle, 'AUTO', ''), '')
                    || ' SORTKEY (' || sortkeys || ')', '') || ';';
END $$;
