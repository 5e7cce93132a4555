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
