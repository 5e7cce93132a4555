"""The spool: files appear whole or not at all, the first plan wins, only uploaded rows are evicted."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from pipeline.model.span import Span
from pipeline.model.table_name import TableName
from pipeline.model.window import Window
from pipeline.spool.folder import Plan, Spool, appearing, evict, fetching

NAME = TableName("shop", "orders")


def plan(*bounds: str) -> Plan:
    return Plan(spans=tuple(Span("at", bound, None) for bound in bounds))


def spool(root: Path, day: int = 1) -> Spool:
    return Spool.of(root, NAME, Window.day(date(2025, 8, day)), "a server and a definition")


def filled(root: Path, day: int, size: int, uploaded: bool = True) -> Spool:
    window = spool(root, day)
    kept = window.keep_plan(plan("1"))
    window.chunk_path(kept, 0).write_bytes(bytes(size))
    if uploaded:
        window.mark_uploaded()
        os.utime(window.folder / "uploaded", (day, day))
    return window


def test_a_file_is_not_there_until_it_is_complete(tmp_path: Path):
    path = tmp_path / "deep" / "file"
    with appearing(path) as partial:
        partial.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["file"]


def test_a_file_whose_writing_fails_leaves_nothing(tmp_path: Path):
    def fail() -> None:
        with appearing(tmp_path / "file") as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("replace", "left"), [(True, "second"), (False, "first")])
def test_a_file_that_is_there_is_replaced_only_where_that_is_asked_for(
    tmp_path: Path, replace: bool, left: str
):
    path = tmp_path / "file"
    path.write_text("first")
    with appearing(path, replace=replace) as partial:
        partial.write_text("second")
    assert path.read_text() == left
    assert os.listdir(tmp_path) == ["file"]


def test_of_two_who_write_at_once_the_first_stays(tmp_path: Path):
    path = tmp_path / "file"
    with appearing(path, replace=False) as one:
        with appearing(path, replace=False) as other:
            one.write_text("one")
            other.write_text("other")
        assert path.read_text() == "other"
    assert path.read_text() == "other"


def test_all_planners_go_on_with_the_first_plan(tmp_path: Path):
    plans = [plan(str(number)) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(spool(tmp_path).keep_plan, plans))
    assert len(set(kept)) == 1
    assert kept[0] in plans
    assert spool(tmp_path).plan() == kept[0]


def test_chunks_of_different_plans_never_have_one_name(tmp_path: Path):
    window = spool(tmp_path)
    one, other = plan("1", "2"), plan("1", "3")
    assert not set(window.chunk_paths(one)) & set(window.chunk_paths(other))
    assert window.chunk_paths(one) == sorted(window.chunk_paths(one))


def test_a_cleared_window_is_gone_and_may_be_cleared_again(tmp_path: Path):
    window = filled(tmp_path, 1, 10)
    window.clear()
    window.clear()
    assert not window.folder.exists()
    assert os.listdir(window.folder.parent) == []
    with pytest.raises(FileNotFoundError):
        window.plan()


def test_the_oldest_uploaded_windows_are_evicted_until_the_rest_fits(tmp_path: Path):
    windows = [filled(tmp_path, day, 1000) for day in (3, 1, 2)]
    assert evict(tmp_path, 10**6) == []
    assert evict(tmp_path, 2500) == [windows[1].folder]
    assert [w.folder.exists() for w in windows] == [True, False, True]
    evict(tmp_path, 0)
    assert not any(w.folder.exists() for w in windows)


def test_rows_that_are_not_in_the_lake_are_never_evicted(tmp_path: Path):
    waiting = filled(tmp_path, 1, 10_000, uploaded=False)
    done = filled(tmp_path, 2, 10)
    assert evict(tmp_path, 0) == [done.folder]
    assert len(waiting.files()) == 1


def test_a_window_whose_run_was_killed_before_it_said_so_is_evicted_if_the_lake_has_it(
    tmp_path: Path,
):
    uploaded, killed = filled(tmp_path, 1, 600), filled(tmp_path, 2, 600, uploaded=False)
    waiting = filled(tmp_path, 3, 600, uploaded=False)
    asked: list[tuple[str, Window]] = []

    def is_in_lake(path: str, window: Window) -> bool:
        asked.append((path, window))
        return window.start.day == 2

    assert evict(tmp_path, 10_000, is_in_lake) == []
    assert asked == []  # the lake is asked where room is needed, and nowhere else
    assert evict(tmp_path, 800, is_in_lake) == [uploaded.folder, killed.folder]
    assert evict(tmp_path, 0, is_in_lake) == []
    assert waiting.files()
    assert {path for path, _ in asked} == {NAME.path}


def test_what_a_killed_run_was_clearing_is_removed_and_in_nobodys_way(tmp_path: Path):
    window = filled(tmp_path, 1, 600)
    aside = window.folder.with_name(f".{window.folder.name}.0a1b2c3d")
    window.folder.rename(aside)
    waiting = filled(tmp_path, 2, 600, uploaded=False)
    assert evict(tmp_path, 0, lambda _path, _window: False) == []
    assert not aside.exists()
    assert waiting.files()


def test_what_is_no_windows_folder_is_left_alone(tmp_path: Path):
    done = filled(tmp_path, 1, 600)
    strange = done.folder.with_name("lost+found")
    strange.mkdir()
    (strange / "plan.json").write_text("{}")
    (tmp_path / "README").write_text("rows on their way")
    (tmp_path / "shop" / "note").write_text("x")
    assert evict(tmp_path, 0, lambda _path, _window: True) == [done.folder]
    assert (strange / "plan.json").exists()


def test_folders_that_vanish_while_they_are_looked_at_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    windows = [filled(tmp_path, day, 600) for day in (1, 2, 3)]
    scan = os.scandir

    def late(path: Path | str | int) -> object:
        """Another process clears the first window just before a look into its folder."""
        if str(path) == str(windows[0].folder):
            windows[0].clear()
        return scan(path)

    monkeypatch.setattr(os, "scandir", late)
    evict(tmp_path, 0)
    assert not any(window.folder.exists() for window in windows)


def test_no_spool_at_all_is_empty(tmp_path: Path):
    assert evict(tmp_path / "none", 0) == []


def test_what_is_fetched_is_gone_afterwards_and_a_killed_runs_after_a_day(tmp_path: Path):
    with fetching(tmp_path / "spool") as folder:
        (folder / "part").write_bytes(bytes(10))
        evict(tmp_path / "spool", 0)
        assert (folder / "part").exists()  # it is at work
        assert folder.parent == tmp_path / "spool"
    assert os.listdir(tmp_path / "spool") == []
    folder.mkdir()
    (folder / "part").write_bytes(bytes(10))
    yesterday = time.time() - 90_000
    os.utime(folder, (yesterday, yesterday))
    evict(tmp_path / "spool", 10**9)
    assert not folder.exists()


def test_a_finished_window_leaves_no_folder_of_another_definition_either(tmp_path: Path):
    mine, other_day = filled(tmp_path, 1, 10), filled(tmp_path, 2, 10)
    other = Spool.of(tmp_path, NAME, Window.day(date(2025, 8, 1)), "another definition")
    other.keep_plan(plan("2"))
    mine.clear_window()
    assert not mine.folder.exists()
    assert not other.folder.exists()
    assert other_day.files()
