"""The harness's own arithmetic; no clock is asserted anywhere."""

from __future__ import annotations

import datetime
import decimal
import zlib

import pyarrow as pa
import pytest

from benchmarks import children, contestants, fingerprint, report, rounds, sampler, targets
from benchmarks.fingerprint import Fingerprint
from benchmarks.report import compared

WHEN = datetime.datetime(2025, 8, 1, 12, tzinfo=datetime.timezone.utc)


def test_a_ratio_is_taken_within_a_round_and_only_where_both_ran():
    assert rounds.ratios({1: 10.0, 2: 20.0, 3: 1.0}, {1: 5.0, 2: 40.0}) == [2.0, 0.5]


def test_a_summary_is_the_median_between_the_extremes():
    assert rounds.summary([3.0, 1.0, 8.0]) == {"median": 3.0, "min": 1.0, "max": 8.0}
    assert rounds.summary([]) == {}


def test_a_slope_is_found_behind_a_fixed_cost():
    per_row, fixed = rounds.slope([1000, 2000, 4000], [3.0, 4.0, 6.0])
    assert (per_row, fixed) == (pytest.approx(0.001), pytest.approx(2.0))


@pytest.mark.parametrize(
    "batch",
    [
        {
            "ID": pa.array([7], pa.int64()),
            "ant_parcel_no": ["ANT1"],
            "net_price": pa.array([decimal.Decimal("-1.2345")], pa.decimal128(15, 4)),
            "update_at": pa.array([WHEN], pa.timestamp("us", "UTC")),
            "status_note": ["顺"],
        },
        {
            "id": ["7"],
            "ant_parcel_no": ["ANT1"],
            "net_price": ["-1.2345"],
            "update_at": ["2025-08-01 12:00:00.000000"],
            "status_note": ["顺"],
        },
        {
            "ID": pa.array([7.0]),
            "ant_parcel_no": pa.array(["ANT1"], pa.large_string()),
            "net_price": pa.array([-1.2345]),
            "update_at": pa.array([WHEN.replace(tzinfo=None)], pa.timestamp("ns")),
            "status_note": pa.array(["顺"], pa.large_string()),
        },
    ],
    ids=["parquet", "csv", "floats"],
)
def test_a_fingerprint_does_not_depend_on_the_types_a_tool_chose(batch: dict[str, object]):
    found = fingerprint.of_batches([pa.RecordBatch.from_pydict(batch)])
    assert found == Fingerprint(1, zlib.crc32(b"7|ANT1"), -12345, int(WHEN.timestamp()), 3)


def test_a_difference_names_what_differs():
    said = Fingerprint(5, 1, 1, 1, 1).differences(Fingerprint(4, 1, 1, 1, 9))
    assert said == "rows: 4 instead of 5, texts: 9 instead of 1"


def test_a_figure_is_reached_missed_or_not_measured():
    row = next(iter(targets.FIGURES)).row
    found = {"median": 0.81, "min": 0.8, "max": 0.9}
    spent = {"cpu": {"median": 5.0}, "server": {"median": 3.0}}
    extract = {"name": "extract", "of_drain": found, "runs": [], **spent}
    drain = {"name": "drain", "seconds": {"median": 3.6}}
    results = {"bounds": {"machine": {"cores": 2}, "contestants": [extract, drain]}}
    assert row(results)[2:] == ("0.81 (0.80 to 0.90)", "0.90", "reached")
    found["median"] = 0.79
    assert row(results)[4] == "**not reached**"
    assert row({})[2:] == ("not measured", "–", "–")


def _contestant(name: str, seconds: float, cpu: float) -> dict[str, object]:
    run = {"round": 1, "seconds": seconds, "user": cpu, "system": 0.0}
    return {"name": name, "runs": [run], "cpu": {"median": cpu}}


def test_a_ratio_to_a_peer_stands_beside_that_of_the_drain_and_the_processors():
    against = next(f for f in targets.FIGURES if f.name.endswith("PyMySQL + pandas"))
    every = [_contestant("drain", 2.0, 0.1), _contestant("pandas", 30.0, 24.0)]
    ours = [_contestant("extract", 3.0, 4.0)]
    results = {"throughput": {"rows": 1_000_000, "contestants": every + ours}}
    assert against.row(results)[1:] == ("≥ 12", "10.0", "15.0", "**not reached**")
    assert against.row({"throughput": {"contestants": every}})[2:4] == ("not measured", "15.0")
    others = [_contestant(p.name, 6.0, 8.0) for p in contestants.PEERS if p.name != "pandas"]
    rest = [_contestant(name, 3.0, 4.0) for name in ("lake", "csv")]
    results["throughput"]["contestants"] = every + ours + others + rest
    line = next(text for text in compared.against(results).splitlines() if "pandas" in text)
    assert line.split(" | ")[1:] == ["Parquet file", "10.0", "15.0", "6.0", "24.0", "4.0 |"]


def test_a_report_of_nothing_or_of_other_contestants_says_so():
    for section in report.SECTIONS.values():
        assert report.part(section, {}, {})
    without = {"throughput": {"contestants": []}}
    assert "Not measured" in report.part(report.SECTIONS["stages"], without, {})


def test_a_report_says_why_something_could_not_be_measured(tmp_path):
    (tmp_path / "growth.json").write_text('{"machine": {}, "error": "OSError: the disk\\nis full"}')
    results, errors = report.read(tmp_path)
    assert results == {}
    said = report.part(report.SECTIONS["growth"], results, errors)
    assert said == "*Could not be measured:* `OSError: the disk is full`"


def test_a_frame_of_no_named_place_is_reported_by_its_function():
    def here() -> str:
        return sampler.place_of(__import__("sys")._getframe())

    assert here() == "other: test_arithmetic.py here"


def test_a_child_that_does_not_end_is_killed_and_reported(tmp_path):
    with pytest.raises(children.ChildFailed, match="not done"):
        children.watch(["sleep", "600"], {}, log=tmp_path / "log", timeout=0.2)
