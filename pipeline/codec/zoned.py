"""DATETIME columns of a zone, a batch at a time: local time to UTC, as `model.timezones` defines it.

Arrow's `assume_timezone` looks every value up by itself, at 80 to 95 ns a value. The values of a batch mostly
lie between two changes of the clock, where it is one subtraction.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec.cells import Doubt
from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.jit import Array
from pipeline.model.columns import Column
from pipeline.model.timezones import Zone, zone_named

_MICRO = 1_000_000
# the years 1 to 9999, which are MySQL's, Python's and COPY's
_LEAST, _MOST = -62_135_596_800 * _MICRO, 253_402_300_800 * _MICRO - 1


def in_utc(decoded: DecodedBatch, columns: Sequence[Column]) -> DecodedBatch:
    """The batch with the columns that have a zone converted to UTC.

    What no instant stands for is a doubt: ``nonexistent_time`` for a local time that the zone's clock left
    out (the moment of the change in the batch), ``date_overflow`` for what UTC's calendar has no year for
    (the nearest in the batch).
    """
    batch, doubts = decoded.batch, list(decoded.doubts)
    for index, column in enumerate(columns):
        if column.timezone is not None:
            array, found = _converted(column, batch.column(index), zone_named(column.timezone))
            batch = batch.set_column(index, batch.schema.field(index), array)
            doubts += found
    return DecodedBatch(batch, tuple(doubts), decoded.wire_bytes)


def _converted(column: Column, array: pa.Array, zone: Zone) -> tuple[pa.Array, list[Doubt]]:
    local = array.view(pa.int64())
    bounds = pc.min_max(local).as_py()
    if bounds["min"] is None or zone.is_utc:
        return array, []
    values = np.frombuffer(local.buffers()[1], np.int64)[: local.offset + len(local)]
    instants, left_out = _instants(values, bounds["min"], bounds["max"], zone)
    outside = (instants < _LEAST) | (instants > _MOST)
    buffers = [local.buffers()[0], pa.py_buffer(np.clip(instants, _LEAST, _MOST))]
    converted = pa.Array.from_buffers(
        array.type, len(array), buffers, array.null_count, local.offset
    )
    doubts = _doubt(column, "nonexistent_time", array, left_out)
    return converted, doubts + _doubt(column, "date_overflow", array, outside)


def _instants(values: Array, least: int, most: int, zone: Zone) -> tuple[Array, Array | None]:
    """The instants of local times, and which of them the clock left out (None for none)."""
    offsets = np.array(zone.offsets, np.int64) * _MICRO
    starts = np.array(zone.starts, np.int64) * _MICRO
    changes = np.append(np.array(zone.changes, np.int64) * _MICRO, np.iinfo(np.int64).max)
    first, last = np.searchsorted(starts, [least, most], side="right")
    if first == last and most - offsets[last] < changes[last]:
        return values - offsets[last], None
    index = np.searchsorted(starts, values, side="right")
    instants, limits = values - offsets[index], changes[index]
    return np.minimum(instants, limits), instants >= limits


def _doubt(column: Column, kind: str, local: pa.Array, found: Array | None) -> list[Doubt]:
    if found is None or not found.any():
        return []
    # what stands beneath a NULL is no value
    rows = np.flatnonzero(found[local.offset :] & local.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return []
    row = int(rows[-1])
    text = str(local[row].as_py().replace(tzinfo=None))
    return [Doubt(column.name, kind, len(rows), text, row)]
