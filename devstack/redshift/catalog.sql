-- What makes a PostgreSQL database look like a Redshift one. Run once, when the database is made.
-- Views and functions live in pg_catalog, so that they are found whatever the search path is,
-- as on Redshift. Schema "standin" holds what PostgreSQL has no place for.

CREATE SCHEMA standin;
GRANT USAGE ON SCHEMA standin TO PUBLIC;

CREATE TABLE standin.long_name (short text PRIMARY KEY, long text NOT NULL);
CREATE TABLE standin.account (name text PRIMARY KEY, password text NOT NULL);
CREATE TABLE standin.table_attribute (
    relid oid PRIMARY KEY,
    diststyle text NOT NULL DEFAULT 'AUTO',
    sortstyle text NOT NULL DEFAULT '',
    auto_encode boolean NOT NULL DEFAULT true,
    keys json NOT NULL DEFAULT '[]'
);
CREATE TABLE standin.column_attribute (
    relid oid NOT NULL,
    attname name NOT NULL,
    encoding text NOT NULL DEFAULT 'none',
    distkey boolean NOT NULL DEFAULT false,
    sortkey integer NOT NULL DEFAULT 0,
    PRIMARY KEY (relid, attname)
);
CREATE TABLE standin.late_view (relid oid PRIMARY KEY, query text NOT NULL);
CREATE SEQUENCE standin.query_id MINVALUE 100 START 100;
CREATE TABLE standin.load_error (
    userid integer, slice integer, tbl integer, starttime timestamp, session integer,
    query bigint, filename varchar, line_number bigint, colname varchar, type varchar,
    col_length varchar, "position" integer, raw_line varchar, raw_field_value varchar,
    err_code integer, err_reason varchar, is_partial integer, start_offset bigint,
    copy_job_id bigint, table_name varchar, bucket varchar
);
CREATE TABLE standin.load_commit (
    userid integer, query bigint, slice integer, name varchar, filename varchar,
    byte_offset integer, lines_scanned integer, errors integer, curtime timestamp, status integer,
    file_format varchar, is_partial integer, start_offset bigint, copy_job_id bigint
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA standin TO PUBLIC;
REVOKE ALL ON standin.account FROM PUBLIC;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA standin TO PUBLIC;

-- ---------------------------------------------------------------------------------------------
-- Types. Both are real base types on PostgreSQL's own input and output functions, so that they
-- have a name and, for VARBYTE, a length of their own.

CREATE TYPE pg_catalog.super;
CREATE FUNCTION pg_catalog.super_in(cstring) RETURNS super
    LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'json_in';
CREATE FUNCTION pg_catalog.super_out(super) RETURNS cstring
    LANGUAGE internal STABLE STRICT PARALLEL SAFE AS 'json_out';
CREATE TYPE pg_catalog.super (
    INPUT = super_in, OUTPUT = super_out, INTERNALLENGTH = VARIABLE, STORAGE = extended
);
CREATE CAST (super AS text) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (super AS json) WITHOUT FUNCTION;
CREATE CAST (json AS super) WITHOUT FUNCTION;
CREATE FUNCTION pg_catalog.super_same(super, super) RETURNS boolean
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'texteq';
CREATE FUNCTION pg_catalog.super_order(super, super) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bttextcmp';
CREATE FUNCTION pg_catalog.super_lt(super, super) RETURNS boolean
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'text_lt';
CREATE FUNCTION pg_catalog.super_le(super, super) RETURNS boolean
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'text_le';
CREATE FUNCTION pg_catalog.super_ge(super, super) RETURNS boolean
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'text_ge';
CREATE FUNCTION pg_catalog.super_gt(super, super) RETURNS boolean
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'text_gt';
CREATE OPERATOR pg_catalog.< (LEFTARG = super, RIGHTARG = super, FUNCTION = super_lt);
CREATE OPERATOR pg_catalog.<= (LEFTARG = super, RIGHTARG = super, FUNCTION = super_le);
CREATE OPERATOR pg_catalog.= (LEFTARG = super, RIGHTARG = super, FUNCTION = super_same,
    MERGES, COMMUTATOR = OPERATOR(pg_catalog.=));
CREATE OPERATOR pg_catalog.>= (LEFTARG = super, RIGHTARG = super, FUNCTION = super_ge);
CREATE OPERATOR pg_catalog.> (LEFTARG = super, RIGHTARG = super, FUNCTION = super_gt);
CREATE OPERATOR CLASS pg_catalog.super_ops DEFAULT FOR TYPE super USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 super_order(super, super);

CREATE TYPE pg_catalog.varbyte;
CREATE FUNCTION pg_catalog.varbyte_in(cstring) RETURNS varbyte
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteain';
CREATE FUNCTION pg_catalog.varbyte_out(varbyte) RETURNS cstring
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaout';
CREATE FUNCTION pg_catalog.varbyte_typmod_in(cstring[]) RETURNS integer
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varchartypmodin';
CREATE FUNCTION pg_catalog.varbyte_typmod_out(integer) RETURNS cstring
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varchartypmodout';
CREATE TYPE pg_catalog.varbyte (
    INPUT = varbyte_in, OUTPUT = varbyte_out, TYPMOD_IN = varbyte_typmod_in,
    TYPMOD_OUT = varbyte_typmod_out, INTERNALLENGTH = VARIABLE, STORAGE = extended
);
CREATE CAST (varbyte AS bytea) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (bytea AS varbyte) WITHOUT FUNCTION AS ASSIGNMENT;

-- VARCHAR(n), CHAR(n) and VARBYTE(n) count bytes. A cast function sees every value that comes to
-- a column by INSERT, UPDATE or CAST; an explicit cast cuts, an assignment refuses.
CREATE FUNCTION standin.cut(value text, bytes integer) RETURNS text LANGUAGE plpgsql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE kept text := left(value, bytes);
BEGIN
    WHILE octet_length(kept) > bytes LOOP
        kept := left(kept, length(kept) - greatest(1, (octet_length(kept) - bytes) / 4));
    END LOOP;
    RETURN kept;
END $$;
CREATE FUNCTION standin.varchar_length(value varchar, typmod integer, explicit boolean)
    RETURNS varchar LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF typmod < 4 OR octet_length(value) <= typmod - 4 THEN RETURN value; END IF;
    IF explicit OR octet_length(rtrim(value, ' ')) <= typmod - 4 THEN
        RETURN standin.cut(value, typmod - 4);
    END IF;
    RAISE EXCEPTION 'value too long for type character varying(%)', typmod - 4
        USING ERRCODE = '22001';
END $$;
CREATE FUNCTION standin.char_length(value bpchar, typmod integer, explicit boolean)
    RETURNS bpchar LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE kept text := rtrim(value::text, ' ');
BEGIN
    IF typmod < 4 THEN RETURN value; END IF;
    IF octet_length(kept) > typmod - 4 THEN
        IF NOT explicit THEN
            RAISE EXCEPTION 'value too long for type character(%)', typmod - 4
                USING ERRCODE = '22001';
        END IF;
        kept := standin.cut(kept, typmod - 4);
    END IF;
    RETURN rpad(kept, length(kept) + typmod - 4 - octet_length(kept))::bpchar;
END $$;
CREATE FUNCTION standin.varbyte_length(value varbyte, typmod integer, explicit boolean)
    RETURNS varbyte LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF typmod < 4 OR octet_length(value) <= typmod - 4 THEN RETURN value; END IF;
    IF explicit THEN RETURN substring(value::bytea from 1 for typmod - 4)::varbyte; END IF;
    RAISE EXCEPTION 'value too long for type binary varying(%)', typmod - 4
        USING ERRCODE = '22001';
END $$;
UPDATE pg_cast SET castfunc = 'standin.varchar_length'::regproc
    WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;
UPDATE pg_cast SET castfunc = 'standin.char_length'::regproc
    WHERE castsource = 'bpchar'::regtype AND casttarget = 'bpchar'::regtype;
CREATE CAST (varbyte AS varbyte) WITH FUNCTION standin.varbyte_length(varbyte, integer, boolean)
    AS IMPLICIT;
CREATE FUNCTION standin.text_bytes(value text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT convert_to(value, 'UTF8')::varbyte $$;
CREATE CAST (text AS varbyte) WITH FUNCTION standin.text_bytes(text) AS ASSIGNMENT;

-- ---------------------------------------------------------------------------------------------
-- Functions of Redshift that PostgreSQL lacks.

UPDATE pg_proc SET proname = 'postgresql_version' WHERE proname = 'version' AND pronargs = 0;
CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 '
        '(Red Hat 3.4.2-6.fc3), Redshift 1.0.77000'::text $$;

CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_trunc('second', statement_timestamp() AT TIME ZONE current_setting('TimeZone')) $$;
CREATE FUNCTION pg_catalog.sysdate() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT transaction_timestamp() AT TIME ZONE current_setting('TimeZone') $$;

CREATE FUNCTION standin.unit(part text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE lower(part)
        WHEN 'yr' THEN 'year' WHEN 'yrs' THEN 'year' WHEN 'y' THEN 'year' WHEN 'years' THEN 'year'
        WHEN 'qtr' THEN 'quarter' WHEN 'qtrs' THEN 'quarter' WHEN 'quarters' THEN 'quarter'
        WHEN 'mon' THEN 'month' WHEN 'mons' THEN 'month' WHEN 'months' THEN 'month'
        WHEN 'w' THEN 'week' WHEN 'weeks' THEN 'week'
        WHEN 'd' THEN 'day' WHEN 'days' THEN 'day'
        WHEN 'hr' THEN 'hour' WHEN 'hrs' THEN 'hour' WHEN 'h' THEN 'hour' WHEN 'hours' THEN 'hour'
        WHEN 'mi' THEN 'minute' WHEN 'min' THEN 'minute' WHEN 'mins' THEN 'minute'
        WHEN 'm' THEN 'minute' WHEN 'minutes' THEN 'minute'
        WHEN 's' THEN 'second' WHEN 'sec' THEN 'second' WHEN 'secs' THEN 'second'
        WHEN 'seconds' THEN 'second'
        WHEN 'ms' THEN 'millisecond' WHEN 'msec' THEN 'millisecond'
        WHEN 'milliseconds' THEN 'millisecond'
        WHEN 'us' THEN 'microsecond' WHEN 'usec' THEN 'microsecond'
        WHEN 'microseconds' THEN 'microsecond'
        ELSE lower(part) END $$;
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, moment timestamp) RETURNS timestamp
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT moment + CASE standin.unit(part)
        WHEN 'quarter' THEN amount * interval '3 months'
        ELSE amount * ('1 ' || standin.unit(part))::interval END $$;
CREATE FUNCTION pg_catalog.dateadd(part text, amount bigint, moment timestamptz)
    RETURNS timestamptz LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT moment + CASE standin.unit(part)
        WHEN 'quarter' THEN amount * interval '3 months'
        ELSE amount * ('1 ' || standin.unit(part))::interval END $$;
CREATE FUNCTION pg_catalog.datediff(part text, first timestamp, second timestamp) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE standin.unit(part)
        WHEN 'year' THEN extract(year FROM second) - extract(year FROM first)
        WHEN 'quarter' THEN (extract(year FROM second) - extract(year FROM first)) * 4
            + extract(quarter FROM second) - extract(quarter FROM first)
        WHEN 'month' THEN (extract(year FROM second) - extract(year FROM first)) * 12
            + extract(month FROM second) - extract(month FROM first)
        WHEN 'week' THEN floor(extract(epoch FROM
            date_trunc('week', second + interval '1 day')
            - date_trunc('week', first + interval '1 day')) / 604800)
        WHEN 'microsecond' THEN extract(epoch FROM second - first) * 1000000
        WHEN 'millisecond' THEN extract(epoch FROM date_trunc('milliseconds', second)
            - date_trunc('milliseconds', first)) * 1000
        ELSE floor(extract(epoch FROM date_trunc(standin.unit(part), second)
            - date_trunc(standin.unit(part), first))
            / extract(epoch FROM ('1 ' || standin.unit(part))::interval)) END::bigint $$;
CREATE FUNCTION pg_catalog.convert_timezone(source text, target text, moment timestamp)
    RETURNS timestamp LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT moment AT TIME ZONE source AT TIME ZONE target $$;
CREATE FUNCTION pg_catalog.convert_timezone(target text, moment timestamp) RETURNS timestamp
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT moment AT TIME ZONE 'UTC' AT TIME ZONE target $$;
CREATE FUNCTION pg_catalog.trunc(moment timestamp) RETURNS date LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT moment::date $$;
CREATE FUNCTION pg_catalog.add_months(moment timestamp, months integer) RETURNS timestamp
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT moment + months * interval '1 month' $$;
CREATE FUNCTION pg_catalog.last_day(moment timestamp) RETURNS date LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (date_trunc('month', moment) + interval '1 month' - interval '1 day')::date $$;

CREATE FUNCTION pg_catalog.len(text) RETURNS integer LANGUAGE internal
    IMMUTABLE STRICT PARALLEL SAFE AS 'textlen';
CREATE FUNCTION pg_catalog.charindex(part text, whole text) RETURNS integer LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT strpos(whole, part) $$;
CREATE FUNCTION pg_catalog.strtol(digits text, base integer) RETURNS bigint LANGUAGE plpgsql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    total numeric := 0;
    character text;
    digit integer;
BEGIN
    FOREACH character IN ARRAY regexp_split_to_array(lower(ltrim(digits, '-')), '') LOOP
        digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', character) - 1;
        IF digit < 0 OR digit >= base THEN
            RAISE EXCEPTION 'The input % is not valid to be converted to base %', digits, base;
        END IF;
        total := total * base + digit;
    END LOOP;
    RETURN CASE WHEN digits LIKE '-%' THEN -total ELSE total END;
END $$;
CREATE FUNCTION standin.fnv1a(value bytea, seed numeric) RETURNS bigint LANGUAGE plpgsql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    hash numeric := seed;
    low integer;
BEGIN
    FOR position IN 0..octet_length(value) - 1 LOOP
        low := mod(hash, 256)::integer;
        hash := mod((hash - low + (low # get_byte(value, position))) * 1099511628211,
                    18446744073709551616);
    END LOOP;
    RETURN CASE WHEN hash >= 9223372036854775808 THEN hash - 18446744073709551616 ELSE hash END;
END $$;
CREATE FUNCTION pg_catalog.fnv_hash(value text) RETURNS bigint LANGUAGE sql
    IMMUTABLE PARALLEL SAFE AS $$
    SELECT standin.fnv1a(convert_to(coalesce(value, ''), 'UTF8'), 14695981039346656037) $$;
CREATE FUNCTION pg_catalog.fnv_hash(value text, seed bigint) RETURNS bigint LANGUAGE sql
    IMMUTABLE PARALLEL SAFE AS $$
    SELECT standin.fnv1a(convert_to(coalesce(value, ''), 'UTF8'),
        CASE WHEN seed < 0 THEN seed + 18446744073709551616 ELSE seed END) $$;
CREATE FUNCTION pg_catalog.fnv_hash(value bigint) RETURNS bigint LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT standin.fnv1a(int8send(value), 14695981039346656037) $$;
CREATE FUNCTION pg_catalog.checksum(value text) RETURNS integer LANGUAGE sql
    IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtext(coalesce(value, '')) $$;
CREATE FUNCTION pg_catalog.sha2(value text, bits integer) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(CASE bits WHEN 224 THEN sha224(convert_to(value, 'UTF8'))
        WHEN 384 THEN sha384(convert_to(value, 'UTF8'))
        WHEN 512 THEN sha512(convert_to(value, 'UTF8'))
        ELSE sha256(convert_to(value, 'UTF8')) END, 'hex') $$;

CREATE FUNCTION pg_catalog.json_parse(value text) RETURNS super LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE -- a body that is parsed here, where a backslash is a backslash
    RETURN regexp_replace(value::json::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::json::super;
CREATE FUNCTION pg_catalog.json_serialize(value super) RETURNS varchar LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT value::text::varchar $$;
CREATE FUNCTION pg_catalog.is_valid_json(value text) RETURNS boolean LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_input_is_valid(value, 'json') AND ltrim(value) LIKE '{%' $$;
CREATE FUNCTION pg_catalog.is_valid_json_array(value text) RETURNS boolean LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT pg_input_is_valid(value, 'json') AND ltrim(value) LIKE '[%' $$;
CREATE FUNCTION pg_catalog.json_typeof(value super) RETURNS varchar LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT json_typeof(value::json)::varchar $$;
CREATE FUNCTION pg_catalog.json_extract_path_text(value text, VARIADIC path text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT json_extract_path_text(value::json, VARIADIC path) $$;
CREATE FUNCTION standin.text_super(value text) RETURNS super LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT to_json(value)::super $$;
CREATE CAST (text AS super) WITH FUNCTION standin.text_super(text) AS ASSIGNMENT;

CREATE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN lower(format) IN ('utf8', 'utf-8') THEN convert_to(value, 'UTF8')
        ELSE decode(value, format) END::varbyte $$;
CREATE FUNCTION pg_catalog.from_varbyte(value varbyte, format text) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN lower(format) IN ('utf8', 'utf-8') THEN convert_from(value, 'UTF8')
        ELSE encode(value, format) END $$;
CREATE FUNCTION pg_catalog.to_hex(value varbyte) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT encode(value, 'hex') $$;
CREATE FUNCTION pg_catalog.from_hex(value text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT decode(value, 'hex')::varbyte $$;

-- ---------------------------------------------------------------------------------------------
-- What the proxy calls after DDL, in the same transaction.

CREATE FUNCTION standin.describe_table(relation regclass, description json) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO standin.table_attribute
        SELECT relation, description ->> 'diststyle', description ->> 'sortstyle',
               (description ->> 'auto_encode')::boolean, description -> 'keys'
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO standin.column_attribute
        SELECT relation, c ->> 'name', c ->> 'encoding', (c ->> 'distkey')::boolean,
               (c ->> 'sortkey')::integer
        FROM json_array_elements(description -> 'columns') AS c
        ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION standin.inherit(relation regclass, parent regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO standin.table_attribute
        SELECT relation, diststyle, sortstyle, auto_encode, '[]' FROM standin.table_attribute
        WHERE relid = parent
        ON CONFLICT DO NOTHING;
    INSERT INTO standin.column_attribute
        SELECT relation, attname, encoding, distkey, sortkey FROM standin.column_attribute
        WHERE relid = parent
        ON CONFLICT DO NOTHING;
END $$;

-- ---------------------------------------------------------------------------------------------
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

DROP VIEW information_schema.tables CASCADE;
CREATE VIEW information_schema.tables AS
    SELECT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema,
           standin.full_name(c.relname) AS table_name,
           CASE WHEN c.relkind = 'v' THEN 'VIEW'
                WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY'
                ELSE 'BASE TABLE' END::varchar AS table_type,
           NULL::varchar AS self_referencing_column_name, NULL::varchar AS reference_generation,
           NULL::varchar AS user_defined_type_catalog, NULL::varchar AS user_defined_type_schema,
           NULL::varchar AS user_defined_name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('standin', 'pg_toast');
CREATE VIEW pg_catalog.svv_tables AS
    SELECT table_catalog, table_schema, table_name, table_type, NULL::varchar AS remarks
    FROM information_schema.tables;
CREATE VIEW pg_catalog.svv_redshift_tables AS
    SELECT table_catalog AS database_name, table_schema AS schema_name, table_name,
           CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END::varchar AS table_type,
           NULL::varchar AS table_acl, NULL::varchar AS remarks
    FROM information_schema.tables;

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
           raw_line AS line, raw_field_value AS raw_field_value, err_code AS error_code,
           err_reason AS error_message, is_partial, start_offset, copy_job_id
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

CREATE FUNCTION standin.fail() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refused by the proxy';
END $$;
CREATE FUNCTION standin.add_key(relation regclass, key json) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO standin.table_attribute (relid, keys) VALUES (relation, json_build_array(key))
        ON CONFLICT (relid) DO UPDATE
        SET keys = (table_attribute.keys::jsonb || key::jsonb)::json;
END $$;
CREATE FUNCTION standin.drop_key(relation regclass, key_name text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE kept jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(k.value), '[]') INTO kept
        FROM standin.table_attribute t, json_array_elements(t.keys) AS k
        WHERE t.relid = relation AND key_name IS DISTINCT FROM coalesce(k.value ->> 'name',
            relation::regclass::text || CASE k.value ->> 'type' WHEN 'PRIMARY KEY' THEN '_pkey'
                WHEN 'UNIQUE' THEN '_key' ELSE '_fkey' END);
    IF jsonb_array_length(kept) = coalesce((SELECT json_array_length(keys)
            FROM standin.table_attribute WHERE relid = relation), 0) THEN
        RAISE EXCEPTION 'constraint "%" does not exist', key_name USING ERRCODE = '42704';
    END IF;
    UPDATE standin.table_attribute SET keys = kept::json WHERE relid = relation;
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
