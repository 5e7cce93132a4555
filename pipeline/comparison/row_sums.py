"""Row counts and checksums of a table's cells in source and warehouse, and the hashes of single rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.codec.checksum import MODULUS
from pipeline.comparison.loaded_windows import Cell
from pipeline.comparison.row_differences import Hashes
from pipeline.model.canonical import CanonicalColumn
from pipeline.model.cursors import Bounds
from pipeline.model.table_name import TableName
from pipeline.source import checksum_sql as mysql_checksums
from pipeline.source import connection as mysql
from pipeline.source.checksum_sql import CursorRanges
from pipeline.warehouse import checksum_sql as redshift_checksums
from pipeline.warehouse import connection as redshift
from pipeline.warehouse import sql as redshift_sql
from pipeline.warehouse.sql import Relation


@dataclass(frozen=True)
class RowSum:
    """Row count, checksum, and the key checksum as in the lake marker (None where it is not computed)."""

    rows: int = 0
    checksum: int = 0
    key_checksum: int | None = None

    def equals(self, other: RowSum) -> bool:
        """Whether count and checksum are equal."""
        return (self.rows, self.checksum) == (other.rows, other.checksum)


@dataclass(frozen=True)
class Batch:
    """Adjoining cells, and the columns to compare in them."""

    cells: Sequence[Cell]
    columns: tuple[CanonicalColumn, ...]


@dataclass(frozen=True)
class SourceRows:
    """A table of the source; `cursor` is None for a snapshot, `key` empty for no key."""

    connection: mysql.Connection
    table: TableName
    cursor: CursorRanges | None
    key: tuple[CanonicalColumn, ...]

    def sums(self, batch: Batch) -> list[RowSum]:
        """One sum for each cell of a batch."""
        sums = [mysql_checksums.row_hash(batch.columns)]
        sums += [mysql_checksums.key_crc32(self.key)] if self.key else []
        if self.cursor is None:
            query = mysql_checksums.table_figures(self.table, sums)
        else:
            bounds = [cell.source for cell in batch.cells]
            query = mysql_checksums.cell_figures(self.table, self.cursor, bounds, sums)
        found = {
            int(row[0]): RowSum(*map(int, row[1:3]), *(int(crc) % MODULUS for crc in row[3:]))
            for row in mysql.stream(self.connection, query)
        }
        nothing = RowSum(key_checksum=0 if self.key else None)
        return [found.get(index, nothing) for index in range(len(batch.cells))]

    def hashes(self, batch: Batch, ranges: Sequence[Bounds], every: int) -> Iterator[Hashes]:
        """The hashes of the rows of the ranges, for one key in `every`."""
        rows = mysql_checksums.row_hash(batch.columns)
        key = mysql_checksums.row_hash(self.key) if self.key else rows
        condition = self.cursor.within_any(ranges) if self.cursor else "TRUE"
        query = mysql_checksums.hashes(self.table, [key, rows], condition, every)
        for key_hash, row_hash in mysql.stream(self.connection, query):
            yield int(key_hash), int(row_hash)

    def keys_outside(self, ranges: Sequence[Bounds], every: int) -> Iterator[int]:
        """The hashes of the keys of all rows outside of the ranges, for one key in `every`."""
        condition = self.cursor.outside(ranges) if self.cursor else "FALSE"
        key = mysql_checksums.row_hash(self.key)
        query = mysql_checksums.hashes(self.table, [key], condition, every)
        yield from (int(value) for (value,) in mysql.stream(self.connection, query))

    def count(self, condition: str) -> int:
        """The number of rows of a condition."""
        query = mysql_checksums.count_where(self.table, condition)
        return int(mysql.scalar(self.connection, query))


@dataclass(frozen=True)
class WarehouseRows:
    """A table of the warehouse; `cursor` is the cursor's name there, None for a snapshot."""

    connection: redshift.Connection
    target: Relation
    cursor: str | None
    key: tuple[CanonicalColumn, ...]

    def sums(self, batch: Batch) -> list[RowSum]:
        """One sum for each cell of a batch."""
        checksum = redshift_checksums.row_hash(batch.columns)
        if self.cursor is None:
            query = redshift_checksums.table_figures(self.target, checksum)
        else:
            bounds = [cell.warehouse for cell in batch.cells]
            query = redshift_checksums.cell_figures(self.target, self.cursor, bounds, checksum)
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            found = {
                int(index): RowSum(int(rows), int(total or 0))
                for index, rows, total in cursor.fetchall()
            }
        return [found.get(index, RowSum()) for index in range(len(batch.cells))]

    def hashes(self, batch: Batch, ranges: Sequence[Bounds], every: int) -> list[Hashes]:
        """The hashes of the rows of the ranges, for one key in `every`."""
        rows = redshift_checksums.row_hash(batch.columns)
        key = redshift_checksums.row_hash(self.key) if self.key else rows
        condition = redshift_checksums.within_any(self.cursor, ranges) if self.cursor else "TRUE"
        query = redshift_checksums.hashes(self.target, [key, rows], condition, every)
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return [(int(key_hash), int(row_hash)) for key_hash, row_hash in cursor.fetchall()]

    def count(self) -> int:
        """The number of all rows."""
        with self.connection.cursor() as cursor:
            return int(redshift.scalar(cursor, redshift_sql.count(self.target)))
