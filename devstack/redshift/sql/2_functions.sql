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
-- Source: "MD5 function", "VARBYTE functions": a string, not a VARBYTE, which would be cast to bytea.
UPDATE pg_proc SET proname = 'postgresql_md5' WHERE proname = 'md5' AND proargtypes[0] = 'bytea'::regtype;
-- Source: "STRTOL function": white space, a sign, 0x; the empty text is 0.
CREATE FUNCTION pg_catalog.strtol(digits text, base integer) RETURNS bigint LANGUAGE plpgsql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    total numeric := 0;
    parts text[];
    character text;
    digit integer;
BEGIN
    IF base = 16 AND digits ~ '^[0-9a-f]{1,15}$' THEN  -- fast, as checksums of rows need it
        RETURN ('x' || lpad(digits, 16, '0'))::bit(64)::bigint;
    END IF;
    parts := regexp_match(lower(digits), CASE base WHEN 16 THEN '^[[:space:]]*([+-]?)(?:0x)?(.*)$'
                                                   ELSE '^[[:space:]]*([+-]?)(.*)$' END);
    FOREACH character IN ARRAY regexp_split_to_array(parts[2], '') LOOP
        CONTINUE WHEN character = '';
        digit := strpos('0123456789abcdefghijklmnopqrstuvwxyz', character) - 1;
        IF digit < 0 OR digit >= base THEN
            RAISE EXCEPTION 'The input % is not valid to be converted to base %', digits, base;
        END IF;
        total := total * base + digit;
    END LOOP;
    RETURN CASE WHEN parts[1] = '-' THEN -total ELSE total END;
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
CREATE FUNCTION standin.reversed(value bytea) RETURNS bytea LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT decode(string_agg(to_hex_byte, '' ORDER BY place DESC), 'hex')
    FROM (SELECT place, lpad(to_hex(get_byte(value, place)), 2, '0') AS to_hex_byte
          FROM generate_series(0, octet_length(value) - 1) AS place) AS bytes $$;
-- A number is hashed as its bytes in memory: the guide's example for 1 is that of four bytes.
CREATE FUNCTION pg_catalog.fnv_hash(value smallint) RETURNS bigint LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT standin.fnv1a(standin.reversed(int2send(value)), 14695981039346656037) $$;
CREATE FUNCTION pg_catalog.fnv_hash(value integer) RETURNS bigint LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT standin.fnv1a(standin.reversed(int4send(value)), 14695981039346656037) $$;
CREATE FUNCTION pg_catalog.fnv_hash(value bigint) RETURNS bigint LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT standin.fnv1a(standin.reversed(int8send(value)), 14695981039346656037) $$;
CREATE FUNCTION pg_catalog.checksum(value text) RETURNS integer LANGUAGE sql
    IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtext(coalesce(value, '')) $$;
CREATE FUNCTION pg_catalog.sha2(value text, bits integer) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(CASE bits WHEN 224 THEN sha224(convert_to(value, 'UTF8'))
        WHEN 384 THEN sha384(convert_to(value, 'UTF8'))
        WHEN 512 THEN sha512(convert_to(value, 'UTF8'))
        ELSE sha256(convert_to(value, 'UTF8')) END, 'hex') $$;

CREATE FUNCTION standin.longest_string(value jsonb) RETURNS integer LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(max(octet_length(found #>> '{}')), 0)
    FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "string")') AS found $$;
-- Source: "SUPER type", "Limitations", "json_parse_truncate_strings".
CREATE FUNCTION standin.checked(value text) RETURNS json LANGUAGE plpgsql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(value) > 16000000 THEN
        RAISE EXCEPTION 'SUPER value exceeds the maximum size';
    END IF;
    IF octet_length(value) > 65535 AND standin.longest_string(value::jsonb) > 65535 THEN
        RAISE EXCEPTION 'String value exceeds the max size of 65535 bytes';
    END IF;
    RETURN value::json;
END $$;
CREATE FUNCTION pg_catalog.json_parse(value text) RETURNS super LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE -- a body that is parsed here, where a backslash is a backslash
    RETURN regexp_replace(standin.checked(value)::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')::json::super;
CREATE FUNCTION pg_catalog.json_serialize(value super) RETURNS varchar LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT value::json::text::varchar $$;
-- A scalar is cast as what it is, an array or an object to NULL, and so is what does not fit.
-- Source: "Limitations" (of SUPER), casting.
CREATE FUNCTION standin.scalar(value super) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN json_typeof(value::json) IN ('string', 'number', 'boolean')
                THEN value::json #>> '{}' END $$;
DO $$
DECLARE
    target text;
    body text;
BEGIN
    FOREACH target IN ARRAY ARRAY['varchar', 'smallint', 'integer', 'bigint', 'numeric', 'real',
                                  'float8', 'boolean', 'date', 'timestamp'] LOOP
        body := format('SELECT CASE WHEN pg_input_is_valid(standin.scalar(value), %L)'
            ' THEN standin.scalar(value)::%1$s END', target);
        EXECUTE format('CREATE FUNCTION standin.super_%s(value super) RETURNS %1$s LANGUAGE sql'
            ' STABLE STRICT PARALLEL SAFE AS %L', target, body);
        EXECUTE format('CREATE CAST (super AS %s) WITH FUNCTION standin.super_%1$s(super)', target);
    END LOOP;
END $$;
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

-- Source: "TO_VARBYTE function": a digit is put before hexadecimal ones that are odd in number.
CREATE FUNCTION standin.hex_bytes(digits text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT decode(repeat('0', length(digits) % 2) || digits, 'hex')::varbyte $$;
CREATE FUNCTION standin.binary_bytes(digits text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT decode(coalesce(string_agg(lpad(to_hex(substr(padded, at, 8)::bit(8)::int), 2, '0'), ''
                                      ORDER BY at), ''), 'hex')::varbyte
    FROM (SELECT repeat('0', -length(digits) & 7) || digits AS padded) AS text,
    LATERAL generate_series(1, length(padded), 8) AS at $$;
CREATE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE lower(format) WHEN 'hex' THEN standin.hex_bytes(value)
        WHEN 'binary' THEN standin.binary_bytes(value)
        WHEN 'utf8' THEN convert_to(value, 'UTF8')::varbyte
        WHEN 'utf-8' THEN convert_to(value, 'UTF8')::varbyte END $$;
CREATE FUNCTION standin.bits(value bytea) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(get_byte(value, at)::bit(8)::text, '' ORDER BY at), '')
    FROM generate_series(0, octet_length(value) - 1) AS at $$;
CREATE FUNCTION pg_catalog.from_varbyte(value varbyte, format text) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE lower(format) WHEN 'hex' THEN encode(value, 'hex')
        WHEN 'binary' THEN standin.bits(value)
        WHEN 'utf8' THEN convert_from(value, 'UTF8')
        WHEN 'utf-8' THEN convert_from(value, 'UTF8') END $$;
CREATE FUNCTION pg_catalog.len(value varbyte) RETURNS integer LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT octet_length(value) $$;
CREATE FUNCTION pg_catalog.to_hex(value varbyte) RETURNS text LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT encode(value, 'hex') $$;
CREATE FUNCTION pg_catalog.from_hex(value text) RETURNS varbyte LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT standin.hex_bytes(value) $$;

-- Source: "CANCEL".
CREATE FUNCTION standin.cancel(process integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = process AND usename <> 'rdsdb') THEN
        RAISE EXCEPTION 'Session % does not exist. The session PID might have changed. '
            'Check the stl_restarted_sessions system table for details.', process;
    END IF;
    PERFORM pg_cancel_backend(process);
END $$;
