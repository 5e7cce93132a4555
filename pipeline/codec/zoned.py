"""DATETIME columns of a zone to UTC, as `model.timezones` defines it.

Arrow's `assume_timezone` looks up every value, at 80 to 95 ns each. The values of a batch mostly lie between
two changes of the clock, where one subtraction is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.codec.cells import InvalidValues
from pipeline.codec.decoder import DecodedBatch
from pipeline.codec.jit import Array
from pipeline.model.columns import Column
from pipeline.model.timezones import Zone, zone_named

_MICRO = 1_000_000
# the years 1 to 9999: the range of Python and COPY
_LEAST, _MOST = -62_135_596_800 * _MICRO, 253_402_300_800 * _MICRO - 1


def in_utc(decoded: DecodedBatch, columns: Sequence[Column]) -> DecodedBatch:
    """The batch with zoned columns converted to UTC.

    Invalid are local times that the zone's clock skips (``nonexistent_time``: the instant of the change in
    the batch) and those outside the years 1 to 9999 in UTC (``date_overflow``: the nearest instant).
    """
    batch, invalid = decoded.batch, list(decoded.invalid)
    for index, column in enumerate(columns):
        if column.timezone is not None:
            array, converted = _converted(column, batch.column(index), zone_named(column.timezone))
            batch = batch.set_column(index, batch.schema.field(index), array)
            invalid += converted
    return DecodedBatch(batch, tuple(invalid), decoded.wire_bytes)


def _converted(column: Column, array: pa.Array, zone: Zone) -> tuple[pa.Array, list[InvalidValues]]:
    local = array.view(pa.int64())
    bounds = pc.min_max(local).as_py()
    if bounds["min"] is None or zone.is_utc:
        return array, []
    values = np.frombuffer(local.buffers()[1], np.int64)[: local.offset + len(local)]
    instants, skipped = _instants(values, bounds["min"], bounds["max"], zone)
    outside = (instants < _LEAST) | (instants > _MOST)
    buffers = [local.buffers()[0], pa.py_buffer(np.clip(instants, _LEAST, _MOST))]
    converted = pa.Array.from_buffers(
        array.type, len(array), buffers, array.null_count, local.offset
    )
    nonexistent = _invalid(column, "nonexistent_time", array, skipped)
    return converted, nonexistent + _invalid(column, "date_overflow", array, outside)


def _instants(values: Array, least: int, most: int, zone: Zone) -> tuple[Array, Array | None]:
    """The instants of local times, and a mask of those that the clock skips (None for none)."""
    offsets = np.array(zone.offsets, np.int64) * _MICRO
    starts = np.array(zone.starts, np.int64) * _MICRO
    changes = np.append(np.array(zone.changes, np.int64) * _MICRO, np.iinfo(np.int64).max)
    first, last = np.searchsorted(starts, [least, most], side="right")
    if first == last and most - offsets[last] < changes[last]:
        return values - offsets[last], None
    index = np.searchsorted(starts, values, side="right")
    instants, limits = values - offsets[index], changes[index]
    return np.minimum(instants, limits), instants >= limits


def _invalid(column: Column, kind: str, local: pa.Array, mask: Array | None) -> list[InvalidValues]:
    if mask is None or not mask.any():
        return []
    # the memory of a NULL holds no value
    rows = np.flatnonzero(mask[local.offset :] & local.is_valid().to_numpy(zero_copy_only=False))
    if not len(rows):
        return []
    row = int(rows[-1])
    text = str(local[row].as_py().replace(tzinfo=None))
    return [InvalidValues(column.name, kind, len(rows), text, row)]
