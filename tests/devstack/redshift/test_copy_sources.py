"""What COPY reads: manifests, prefixes, compression, headers, credentials."""

import bz2
import gzip
import io

import psycopg2
import psycopg2.errors
import pyarrow as pa
import pytest

from devstack.seaweed import BUCKET
from tests import promises
from tests.devstack.redshift.conftest import Lake, Warehouse

pytestmark = promises.ASSUMED_OF_REDSHIFT

COPY = "COPY t FROM '{}' IAM_ROLE default CSV DELIMITER '|' {}"


@pytest.fixture(autouse=True)
def table(warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")


def _count(warehouse: Warehouse) -> int:
    return int(warehouse.run("SELECT count(*) FROM t")[0][0])


def test_a_manifest_names_its_files_and_a_file_listed_twice_loads_twice(
    warehouse: Warehouse, lake: Lake
) -> None:
    """Documentation: "Using a manifest to specify data files"."""
    one, two = lake.put("1.csv", b"1|x\n2|y\n"), lake.put("2.csv", b"3|z\n")
    lake.put("3.csv", b"4|not listed\n")
    url = lake.manifest({"url": one, "mandatory": True}, {"url": two}, {"url": one})
    warehouse.run(COPY.format(url, "MANIFEST"))
    assert _count(warehouse) == 5
    assert warehouse.run("SELECT pg_last_copy_count()") == [(5,)]


def test_a_missing_file_is_an_error_only_if_it_is_mandatory(
    warehouse: Warehouse, lake: Lake
) -> None:
    """Documentation: "Using a manifest to specify data files": mandatory defaults to false."""
    here = {"url": lake.put("1.csv", b"1|x\n")}
    warehouse.run(COPY.format(lake.manifest(here, {"url": lake.url("none")}), "MANIFEST"))
    assert _count(warehouse) == 1
    strict = lake.manifest(here, {"url": lake.url("none"), "mandatory": True})
    error = warehouse.refused(COPY.format(strict, "MANIFEST"))
    assert error.pgcode == "XX000"
    assert "does not exist" in str(error)
    assert _count(warehouse) == 1


def test_no_file_at_all_is_an_error_whatever_is_mandatory(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "Using a manifest to specify data files"."""
    url = lake.manifest({"url": lake.url("none"), "mandatory": False})
    assert warehouse.refused(COPY.format(url, "MANIFEST")).pgcode == "XX000"
    assert warehouse.refused(COPY.format(lake.url("nothing"), "")).pgcode == "XX000"


def test_without_manifest_the_location_is_a_key_prefix(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "COPY from Amazon S3"."""
    for name in ("part-1.csv", "part-2.csv", "other.csv"):
        lake.put(name, b"1|x\n")
    warehouse.run(COPY.format(lake.url("part"), ""))
    assert _count(warehouse) == 2


@pytest.mark.parametrize("content", [b"not json", b"{}", b'{"entries": [{"key": 1}]}'])
def test_a_broken_manifest_is_said_to_be_one(
    warehouse: Warehouse, lake: Lake, content: bytes
) -> None:
    error = warehouse.refused(COPY.format(lake.put("m", content), "MANIFEST"))
    assert "Problem reading manifest file" in str(error)


def test_compressed_files_are_read(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "Loading compressed data files"."""
    content = b"1|x\n2|y\n"
    zstd = pa.Codec("zstd").compress(content, asbytes=True)
    for option, body, rows in (
        ("GZIP", gzip.compress(content), 2),
        ("BZIP2", bz2.compress(content), 2),
        ("ZSTD", zstd, 2),
        ("ZSTD", zstd + zstd, 4),  # frames one after the other, as parallel writers make them
        ("GZIP", gzip.compress(content) * 2, 4),
    ):
        warehouse.run("DELETE FROM t")
        warehouse.run(COPY.format(lake.put("body", body), option))
        assert _count(warehouse) == rows


@pytest.mark.parametrize(
    "content",
    [b"1|x\n", gzip.compress(b"1|x\n" * 5000)[:-20]],
    ids=["not compressed", "cut off"],
)
def test_a_file_that_is_not_what_its_compression_says_fails_the_load_only(
    warehouse: Warehouse, lake: Lake, content: bytes
) -> None:
    assert warehouse.refused(COPY.format(lake.put("z", content), "GZIP")).pgcode == "XX000"
    assert _count(warehouse) == 0


def test_ignoreheader_skips_lines_in_each_file(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "Data conversion parameters", IGNOREHEADER."""
    lake.put("h1", b"a|b\nsecond|header\n1|x\n")
    lake.put("h2", b"a|b\nsecond|header\n2|y\n")
    warehouse.run(COPY.format(lake.url("h"), "IGNOREHEADER 2"))
    assert warehouse.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]


def test_an_empty_file_loads_no_rows(warehouse: Warehouse, lake: Lake) -> None:
    warehouse.run(COPY.format(lake.put("empty", b""), ""))
    assert warehouse.run("SELECT pg_last_copy_count()") == [(0,)]


def test_keys_of_the_command_are_used_and_wrong_ones_refused(
    warehouse: Warehouse, lake: Lake
) -> None:
    """Documentation: "Authorization parameters"."""
    url, server = lake.put("1.csv", b"1|x\n"), lake.server
    keys = f"ACCESS_KEY_ID '{server.access_key}' SECRET_ACCESS_KEY '{server.secret_key}'"
    pairs = f"aws_access_key_id={server.access_key};aws_secret_access_key={server.secret_key}"
    warehouse.run(f"COPY t FROM '{url}' {keys} CSV DELIMITER '|'")
    warehouse.run(f"COPY t FROM '{url}' CREDENTIALS '{pairs}' CSV DELIMITER '|'")
    warehouse.run(f"COPY t FROM '{url}' IAM_ROLE 'arn:aws:iam::1:role/r' CSV DELIMITER '|'")
    assert _count(warehouse) == 3
    error = warehouse.refused(f"COPY t FROM '{url}' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y' CSV")
    assert "S3ServiceException" in str(error)
    assert "Status 403" in str(error)


def test_a_missing_bucket_is_reported_as_s3_reports_it(warehouse: Warehouse) -> None:
    error = warehouse.refused("COPY t FROM 's3://no-such-bucket/x' IAM_ROLE default CSV")
    assert "S3ServiceException" in str(error)
    assert "NoSuchBucket" in str(error)


def test_options_that_change_nothing_here_are_accepted(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "Data load operations"."""
    url = lake.put("1.csv", b"1|x\n")
    for options in (
        "COMPUPDATE OFF STATUPDATE OFF REGION 'us-east-1'",
        "COMPUPDATE PRESET STATUPDATE ON REGION AS 'us-east-1'",
        "COMPUPDATE STATUPDATE TRUE",
    ):
        warehouse.run(COPY.format(url, options))
    assert _count(warehouse) == 3


@pytest.mark.parametrize(
    "source", ["STDIN", "'/tmp/local.csv'", "'dynamodb://table'"], ids=["stdin", "file", "dynamodb"]
)
def test_only_s3_is_a_source(warehouse: Warehouse, source: str) -> None:
    """The wording from public issue trackers."""
    error = warehouse.refused(f"COPY t FROM {source} IAM_ROLE default CSV")
    assert "LOAD source is not supported" in str(error)


def test_copy_from_stdin_leaves_the_session_usable(warehouse: Warehouse) -> None:
    with warehouse.connection.cursor() as cursor, pytest.raises(psycopg2.Error):
        cursor.copy_expert("COPY t FROM STDIN", io.StringIO("1\n"))
    assert warehouse.run("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "options",
    [
        "CSV ESCAPE",
        "CSV REMOVEQUOTES",
        "CSV FIXEDWIDTH 'a:1'",
        "CSV DELIMITER '||'",
        "CSV DELIMITER '\"'",
        "CSV MAXERROR 100001",
        "CSV MANIFEST MANIFEST",
        "QUOTE '!'",
        "CSV NONSENSE",
        "CSV GZIP ZSTD",
        "PARQUET REGION 'us-east-1'",
        "PARQUET MAXERROR 1",
        "PARQUET DELIMITER ','",
        "JSON 'auto'",
    ],
)
def test_combinations_that_redshift_refuses_are_refused(warehouse: Warehouse, options: str) -> None:
    """Documentation: "Data format parameters", "COPY from columnar data formats"."""
    error = warehouse.refused(f"COPY t FROM 's3://{BUCKET}/x' IAM_ROLE default {options}")
    assert error.pgcode in ("42601", "0A000", "22023")


def test_an_authorization_is_required(warehouse: Warehouse) -> None:
    """Documentation: "Authorization parameters"."""
    assert "authorization" in str(warehouse.refused(f"COPY t FROM 's3://{BUCKET}/x' CSV"))


def test_columns_left_out_of_the_list_take_their_default(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "Column mapping options"."""
    warehouse.run("CREATE TABLE d (a int, b varchar DEFAULT 'none', c int, i int IDENTITY(5, 2))")
    url = lake.put("1.csv", b"7|1\n8|2\n")
    warehouse.run(f"COPY d (c, a) FROM '{url}' IAM_ROLE default CSV DELIMITER '|'")
    assert warehouse.run("SELECT * FROM d ORDER BY a") == [(1, "none", 7, 5), (2, "none", 8, 7)]


def test_a_table_or_column_that_is_not_there_is_named(warehouse: Warehouse, lake: Lake) -> None:
    url = lake.put("1.csv", b"1\n")
    assert warehouse.refused(f"COPY nope FROM '{url}' IAM_ROLE default CSV").pgcode == "42P01"
    assert warehouse.refused(f"COPY t (z) FROM '{url}' IAM_ROLE default CSV").pgcode == "42703"


def test_what_was_loaded_is_in_stl_load_commits(warehouse: Warehouse, lake: Lake) -> None:
    """Documentation: "STL_LOAD_COMMITS"."""
    url = lake.put("1.csv", b"1|x\n2|y\n")
    warehouse.run(COPY.format(url, ""))
    rows = warehouse.run(
        "SELECT trim(filename), lines_scanned FROM stl_load_commits WHERE query = pg_last_copy_id()"
    )
    assert rows == [(url, 2)]


def test_the_count_of_the_last_copy_is_kept_by_session(warehouse: Warehouse) -> None:
    """Documentation: "PG_LAST_COPY_COUNT"."""
    assert warehouse.run("SELECT pg_last_copy_count()") == [(0,)]
    warehouse.copy("t", b"1|x\n2|y\n")
    assert warehouse.run("SELECT pg_last_copy_count() AS n, count(*) FROM t") == [(2, 2)]
    assert warehouse.connection.notices[-1] == (
        "INFO:  Load into table 't' completed, 2 record(s) loaded successfully.\n"
    )
