"""Check that a window is closed, with one source query for many windows."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pipeline.config.settings import Bastion, Source
from pipeline.errors import SourceError
from pipeline.model.window import UTC, Window
from pipeline.run import notes
from pipeline.run.state import PerProcess
from pipeline.source import connection as mysql
from pipeline.source import window_closing

log = logging.getLogger(__name__)

# The last `closed_until` of a source and its time: the value only grows, so an old one is safe.
_answers: PerProcess[dict[Source, tuple[datetime, datetime]]] = PerProcess(dict)
# The last error and its time, so that a range does not wait for an unreachable source window by window.
_errors: PerProcess[dict[Source, tuple[SourceError, datetime]]] = PerProcess(dict)
_MAX_AGE = timedelta(seconds=5)


def is_closed(
    window: Window, source: Source, bastion: Bastion | None, over: datetime | None = None
) -> bool:
    """Whether no transaction can commit a row into the window any more.

    `over` is the instant after which no clock gives a value of the window, by default its end. Queries the
    source at most every five seconds, whatever the number of windows.
    """
    end = over or window.end
    until, queried = _answers().get(source, (None, None))
    if until is not None and end <= until:
        return True
    now = datetime.now(UTC)
    if queried is None or now - queried > _MAX_AGE:
        until = _query(source, bastion, now)
    return until is not None and end <= until


def _query(source: Source, bastion: Bastion | None, now: datetime) -> datetime:
    error, failed = _errors().get(source, (None, now))
    if error is not None and now - failed <= _MAX_AGE:
        raise error
    try:
        with mysql.connected(source, bastion) as connection:
            until = window_closing.closed_until(connection, source.lag)
    except SourceError as error:
        _errors()[source] = (error, datetime.now(UTC))
        raise
    _answers()[source] = (until, now)
    host = source.host
    text = f"windows of {host} are closed until {until:%Y-%m-%d %H:%M:%S} UTC"
    notes.inform(log, text, about=f"closed windows of {host}")
    return until
