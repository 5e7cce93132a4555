-- What makes a PostgreSQL database look like a Redshift one; with the other scripts of this
-- directory, in their order, run once, when the database is made.
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

-- VARCHAR values that differ in trailing blanks alone are equal, in comparisons, joins, GROUP BY,
-- DISTINCT, PARTITION BY and ORDER BY, as PostgreSQL has it for CHAR: so the operators and operator
-- classes of text do what those of bpchar do. LIKE and LEN see the blanks.
-- Source: "Character types", "Amazon Redshift SQL commands that are implemented differently".
UPDATE pg_operator SET oprcode = replaced.function::regproc
    FROM (VALUES ('=', 'bpchareq'), ('<>', 'bpcharne'), ('<', 'bpcharlt'), ('<=', 'bpcharle'),
                 ('>', 'bpchargt'), ('>=', 'bpcharge')) AS replaced (sign, function)
    WHERE oprname = sign AND oprleft = 'text'::regtype AND oprright = 'text'::regtype;
UPDATE pg_amproc SET amproc = replaced.function::regproc
    FROM (VALUES ('bttextcmp', 'bpcharcmp'), ('bttextsortsupport', 'bpchar_sortsupport'),
                 ('hashtext', 'hashbpchar'), ('hashtextextended', 'hashbpcharextended'))
        AS replaced (original, function)
    WHERE amproc = original::regproc AND amproclefttype = 'text'::regtype
      AND amprocrighttype = 'text'::regtype;

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
    IF octet_length(kept) > length(kept) THEN  -- Source: "Character types", multibyte characters
        RAISE EXCEPTION 'CHAR string contains invalid ASCII character' USING ERRCODE = '22021';
    END IF;
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
-- A number keeps the bytes of its type. Source: "VARBYTE type".
CREATE FUNCTION standin.int2_bytes(value smallint) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT int2send(value)::varbyte $$;
CREATE FUNCTION standin.int4_bytes(value integer) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT int4send(value)::varbyte $$;
CREATE FUNCTION standin.int8_bytes(value bigint) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT int8send(value)::varbyte $$;
CREATE CAST (smallint AS varbyte) WITH FUNCTION standin.int2_bytes(smallint);
CREATE CAST (integer AS varbyte) WITH FUNCTION standin.int4_bytes(integer);
CREATE CAST (bigint AS varbyte) WITH FUNCTION standin.int8_bytes(bigint);
CREATE FUNCTION standin.bytes_text(value varbyte) RETURNS varchar LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT convert_from(value, 'UTF8')::varchar $$;
CREATE CAST (varbyte AS varchar) WITH FUNCTION standin.bytes_text(varbyte);
CREATE FUNCTION standin.char_bytes(value bpchar) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT bpcharsend(value)::varbyte $$;
CREATE CAST (bpchar AS varbyte) WITH FUNCTION standin.char_bytes(bpchar) AS ASSIGNMENT;
CREATE FUNCTION pg_catalog.varbyte_plus(varbyte, varbyte) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT byteacat($1, $2)::varbyte $$;
CREATE OPERATOR pg_catalog.|| (LEFTARG = varbyte, RIGHTARG = varbyte, FUNCTION = varbyte_plus);
CREATE OPERATOR pg_catalog.+ (LEFTARG = varbyte, RIGHTARG = varbyte, FUNCTION = varbyte_plus);
CREATE FUNCTION standin.text_bytes(value text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT convert_to(value, 'UTF8')::varbyte $$;
CREATE CAST (text AS varbyte) WITH FUNCTION standin.text_bytes(text) AS ASSIGNMENT;
