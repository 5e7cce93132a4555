"""May a window be taken yet?"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pipeline.config.settings import Bastion, Source
from pipeline.errors import SourceError
from pipeline.model.window import UTC, Window
from pipeline.run.state import PerProcess
from pipeline.source import connection as mysql
from pipeline.source import window_closing

log = logging.getLogger(__name__)

# What a source said last: `closed_until` only ever grows, so an old answer is a cautious one.
_known: PerProcess[dict[Source, tuple[datetime, datetime]]] = PerProcess(dict)
# The error with which it could not be asked, so that a range does not wait for it window by window.
_failed: PerProcess[dict[Source, tuple[SourceError, datetime]]] = PerProcess(dict)
_FRESH = timedelta(seconds=5)


def is_closed(
    window: Window, source: Source, bastion: Bastion | None, over: datetime | None = None
) -> bool:
    """Whether no transaction can commit a row into the window any more.

    `over` is the instant at which its values are over, by default its end. Asks the source at most once
    in five seconds for however many windows.
    """
    end = over or window.end
    until, asked = _known().get(source, (None, None))
    if until is not None and end <= until:
        return True
    now = datetime.now(UTC)
    if asked is None or now - asked > _FRESH:
        until = _ask(source, bastion, now)
    closed = until is not None and end <= until
    if not closed:
        log.info("window %s is not closed yet; a later run takes it", window)
    return closed


def _ask(source: Source, bastion: Bastion | None, now: datetime) -> datetime:
    error, when = _failed().get(source, (None, now))
    if error is not None and now - when <= _FRESH:
        raise error
    try:
        with mysql.connected(source, bastion) as connection:
            until = window_closing.closed_until(connection, source.lag)
    except SourceError as error:
        _failed()[source] = (error, datetime.now(UTC))
        raise
    _known()[source] = (until, now)
    log.info("windows of %s are closed until %s", source.host, f"{until:%Y-%m-%d %H:%M:%S} UTC")
    return until
