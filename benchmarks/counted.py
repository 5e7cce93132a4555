"""``luigi …`` with its S3 requests and its tasks' times written down: ``python -m benchmarks.counted LOG …``.

Every HTTP request of botocore is one line of the log, retries included, of this process and of the
workers it forks.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import luigi
import luigi.cmdline
from botocore.httpsession import URLLib3Session


def main() -> None:
    """Run luigi's command line with the arguments behind the log's name."""
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(**line: Any) -> None:
        os.write(log, json.dumps(line).encode() + b"\n")

    send = URLLib3Session.send

    def counted(self: Any, request: Any) -> Any:
        listing = "list-type=2" in request.url
        note(request="LIST" if listing else request.method)
        return send(self, request)

    URLLib3Session.send = counted  # type: ignore[method-assign]

    @luigi.Task.event_handler(luigi.Event.PROCESSING_TIME)  # type: ignore[untyped-decorator]
    def _timed(task: luigi.Task, seconds: float) -> None:
        note(task=task.task_family, seconds=seconds)

    luigi.cmdline.luigi_run(sys.argv[2:])


if __name__ == "__main__":
    main()
