"""What is promised, section by section, in the order of docs/promises.md.

A test that holds a promise has its mark (`@promises.ONE_WINDOW`), a scenario names it (`promise: ONE_WINDOW`
in `expected.yml`), and a module whose tests all hold it sets `pytestmark`. `make docs` writes the page from
the tests that pytest collects, so a sentence that no test holds is not on it, and fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

Mark = pytest.MarkDecorator


def promise(sentence: str, section: str) -> Mark:
    """The mark of a test that holds the promise."""
    return pytest.mark.promise(sentence, section=section)


def all_promises() -> Iterator[tuple[str, Mark]]:
    """Every promise of this module with its name, in the order of the page."""
    return ((name, mark) for name, mark in globals().items() if isinstance(mark, Mark))


# Windows

WINDOWS = "Windows"
ONE_WINDOW = promise(
    "A row is read in exactly one window, by its cursor: `start <= cursor < end` in UTC. Rows "
    "on a boundary are read once.",
    section=WINDOWS,
)
LATE_COMMIT = promise(
    "With the `PROCESS` right, a window waits for every open transaction and statement that "
    "may still write into it.",
    section=WINDOWS,
)
CLOSING_LAG = promise(
    "Without the `PROCESS` right, and on a replica, a window closes `DB_CLOSING_LAG` after "
    "its end, and the log says so.",
    section=WINDOWS,
)
STOPPED_REPLICA = promise(
    "A replica that has stopped replicating closes no window.",
    section=WINDOWS,
)
UNREADABLE_REPLICA = promise(
    "A server whose replica status may not be read is refused with the grant to run, or "
    "treated as a replica, and the log says so.",
    section=WINDOWS,
)
ONE_SNAPSHOT = promise(
    "Bounds, count and rows of a chunk come from one consistent snapshot.",
    section=WINDOWS,
)
MOVING_ROWS = promise(
    "Rows that are deleted or moved during the read of a window push no other row out of it.",
    section=WINDOWS,
)
CURSOR_DIGITS = promise(
    "A cursor is compared with all the fractional digits of its column.",
    section=WINDOWS,
)
NULL_CURSOR = promise(
    "Rows without a cursor value stop the window (`on_null_cursor: error`, the default), or "
    "are left out and counted (`ignore`).",
    section=WINDOWS,
)
SERVER_ZONE = promise(
    "The server's time zone changes neither bounds nor values. A DATETIME cursor on a server "
    "outside UTC is refused until `DB_TIMEZONE` says what it holds.",
    section=WINDOWS,
)
LOCAL_TIME = promise(
    "A DATETIME in local time is replicated in UTC, and every row is in one window, in the "
    "repeated hour of autumn too.",
    section=WINDOWS,
)
DAYS_AND_EPOCHS = promise(
    "Windows divide the days of a DATE, and integers that count from 1970, as they divide "
    "instants.",
    section=WINDOWS,
)
ID_RANGES = promise(
    "The ids of rows that never change are divided among windows once, by whichever process "
    "and in whatever order; an id that commits late is waited for.",
    section=WINDOWS,
)
ID_RANGES_LOST = promise(
    "Lost id ranges are never started over, and rows of two cursors are never merged.",
    section=WINDOWS,
)
CHANNELS = promise(
    "The slowest of a replica's channels decides which windows are closed.",
    section=WINDOWS,
)
BOUNDED_RUN = promise(
    "A run that is bounded by windows, chunks or minutes reads nothing twice when it is continued.",
    section=WINDOWS,
)
TIME_LIMIT = promise(
    "No further stage starts after the time limit of a run. A range with a limit takes "
    "windows that are known to fail last.",
    section=WINDOWS,
)
REREAD = promise(
    "A window whose markers are deleted is read from the source again, wherever its run was "
    "killed.",
    section=WINDOWS,
)
INDEX_ADVICE = promise(
    "A cursor without an index is reported with the statement that creates one.",
    section=WINDOWS,
)
STREAMED = promise(
    "Rows are read as the server sends them, in memory that does not depend on the size of "
    "the window.",
    section=WINDOWS,
)
CHUNKS = promise(
    "Chunks cover their window without gap or overlap, and an empty chunk ends nothing.",
    section=WINDOWS,
)

# Values

VALUES = "Values"
ROUND_TRIP = promise(
    "Rows of any table, of every type of [the map](types.md), arrive unchanged with `merge`, "
    "`append` and `replace`. A fault in the codec would be detected.",
    section=VALUES,
)
SESSION = promise(
    "Server-wide settings of the source do not change the rows, or the read is refused with the "
    "setting's name ([the session](source.md)).",
    section=VALUES,
)
ZERO_DATE = promise(
    "A date that is not on the calendar stops its window, or is changed as `on_zero_date` says.",
    section=VALUES,
)
TINYINT = promise(
    "A TINYINT is a number, whatever its display width.",
    section=VALUES,
)
NUMBERS = promise(
    "Unsigned numbers and long decimals are neither cut nor NULL, and no number passes "
    "through a double.",
    section=VALUES,
)
DOUBLES = promise(
    "A DOUBLE and a FLOAT arrive equal to the last bit and to the sign of zero.",
    section=VALUES,
)
VARCHAR_ROOM = promise(
    "A VARCHAR of Redshift holds as many characters as MySQL's, up to 65,535 bytes, and "
    "characters beyond the BMP arrive.",
    section=VALUES,
)
OVERSIZE_TEXT = promise(
    "Text over 65,535 bytes stops its window, or is cut between characters "
    "(`on_oversize_text: truncate`).",
    section=VALUES,
)
NUL_BYTE = promise(
    "Text with a NUL byte stops its window, or arrives without the byte (`on_nul_byte: strip`).",
    section=VALUES,
)
INVALID_UTF8 = promise(
    "Text that is not UTF-8 stops its window, or arrives with replacement characters "
    "(`on_invalid_utf8: replace`).",
    section=VALUES,
)
UNMAPPABLE_TEXT = promise(
    "Text that UTF-8 output changes stops its window, or arrives with `?` (`on_unmappable_text: replace`); "
    "keys that UTF-8 output does not distinguish are refused.",
    section=VALUES,
)
COERCIONS = promise(
    "Every change that a policy makes is counted by column in the markers, and logged.",
    section=VALUES,
)
DELIMITERS = promise(
    "Delimiters, quotes, backslashes and line ends are data, in both readings of what "
    "Redshift leaves undocumented.",
    section=VALUES,
)
NULLS = promise(
    "NULL and `''` stay distinct, and so do NULL and texts that look like it.",
    section=VALUES,
)
DATES = promise(
    "A DATE stays a date. DATETIME and TIMESTAMP become one type, in UTC, with their microseconds.",
    section=VALUES,
)

# Loads

LOADS = "Loads"
EXACTLY_ONCE = promise(
    "A window is loaded exactly once, wherever an earlier run was killed. What is committed "
    "is not loaded again.",
    section=LOADS,
)
APPEND = promise(
    "`append` keeps each version that a window read, once, also where hours and days of one "
    "table overlap.",
    section=LOADS,
)
CURRENT_DEFINITION = promise(
    "Rows are merged by the key and compared by the cursor of the current definition, "
    "whatever it was when they were read.",
    section=LOADS,
)
NEWEST_ROW = promise(
    "`merge` keeps the newest row of each key, once, in whatever order windows come, with "
    "duplicates inside a window too.",
    section=LOADS,
)
TIE_BREAK = promise(
    "Rows of one key and one cursor value are ordered by their other columns, in the same way "
    "each time.",
    section=LOADS,
)
ONE_OWNER = promise(
    "A target has rows of one source table of one lake. A load of another is refused, and `check` "
    "names both.",
    section=LOADS,
)
READERS = promise(
    "A reader during a load sees the rows before it or the rows after it.",
    section=LOADS,
)
CONFLICTS = promise(
    "A conflict with another transaction repeats the whole transaction. A load that dies has "
    "loaded all or nothing.",
    section=LOADS,
)
PARQUET_COPY = promise(
    "With `copy_format: parquet` COPY reads the lake's own files, with the same result.",
    section=LOADS,
)
SNAPSHOT = promise(
    "`replace` replaces the last snapshot with a new one, or leaves the last one unchanged.",
    section=LOADS,
)
COLUMN_PLACES = promise(
    "Values stay in their columns when columns are added or change places, between windows "
    "and during one.",
    section=LOADS,
)
TYPE_CHANGES = promise(
    "A change of a column's type is followed where no value is lost, and refused with the "
    "statements to run otherwise.",
    section=LOADS,
)
PARALLEL_LOADS = promise(
    "Loads may run at the same time, of one window and of several, and no staging table is left.",
    section=LOADS,
)
NEVER_DROPPED = promise(
    "The warehouse table is never dropped or renamed: its views and grants stay.",
    section=LOADS,
)
MARKERS = promise(
    "A marker is written after the objects it names, and the next stage checks its content.",
    section=LOADS,
)
CONNECTIONS = promise(
    "A tunnel that is cut is opened again, and a lost connection loses and doubles no row.",
    section=LOADS,
)
FAILED_RUN = promise(
    "A failed run reports its failure, and ends with another exit status than a successful one.",
    section=LOADS,
)
EQUAL_KEYS = promise(
    "Keys that only one of MySQL and Redshift takes for equal are reported or kept apart.",
    section=LOADS,
)

# Names

NAMES = "Names"
ANY_NAME = promise(
    "Tables and columns may have any name: spaces, dots, quotes, reserved words, non-ASCII, "
    "64 characters. In the warehouse it is in lower case and otherwise unchanged.",
    section=NAMES,
)
NAME_CONFLICTS = promise(
    "Names that are one name in Redshift, or that it cannot have, are refused before anything "
    "is read, or get other names.",
    section=NAMES,
)

# Not promised

NOT_PROMISED = "Not promised"
UNSEEN_CHANGES = promise(
    "Time windows do not see a change that leaves the cursor as it was: an UPDATE that does not "
    "touch it, a DELETE, a row inserted with an old one.",
    section=NOT_PROMISED,
)
CHANGED_KEYS = promise(
    "A row whose key changes leaves the row of its old key in the warehouse.",
    section=NOT_PROMISED,
)
CASE_OF_KEYS = promise(
    "Text keys that differ only in case are two rows in Redshift, although MySQL may take "
    "them for one.",
    section=NOT_PROMISED,
)
GEOMETRY = promise(
    "Geometry is replicated as WKB, without its reference system.",
    section=NOT_PROMISED,
)
INVISIBLE_COLUMNS = promise(
    "Invisible columns are left out.",
    section=NOT_PROMISED,
)
ROW_HISTORY = promise(
    "MariaDB's history of system-versioned tables is not replicated, only its current rows.",
    section=NOT_PROMISED,
)
ASSUMED_OF_REDSHIFT = promise(
    "Rules of the Redshift stand-in that no cluster has verified "
    "([list](../devstack/redshift/README.md)) are taken from Redshift's documentation. Each "
    "assumed rule has a test.",
    section=NOT_PROMISED,
)
