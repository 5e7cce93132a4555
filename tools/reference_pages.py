"""Reference pages generated from the code, so that they cannot differ from it.

`make docs` writes them; a test fails when a committed page differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from pipeline import errors
from pipeline.config.policies import Policies, choices
from pipeline.config.settings import SECTIONS, variables
from pipeline.config.tables import TableDefinition
from pipeline.errors import PipelineError
from tools import commands_page, layers, types_page
from tools.markdown import first_line, table

_SETTINGS_HEAD = """\
# Configuration

Generated from `pipeline/config/settings.py` by `make docs`.

The first source that has a setting counts: the environment, `.env` in the working directory, its section of
`luigi.cfg`, the default below. `python -m pipeline config` shows the settings in effect, with secrets masked.
Keep secrets in the environment or in `.env`, never in `luigi.cfg`. `config` ends with status 41 and names the
key where a section has a wrong one.

`.env` is UTF-8. Its values are taken as written, so `a${HOME}b` and `50%` need nothing. Put one with `#`, a
quote or spaces into single quotes, and write `\\'` and `\\\\` for `'` and `\\` in them. In `luigi.cfg` Luigi
replaces `${VARIABLE}` and `%(key)s`: write `%%` for `%`, and set a value with `${` elsewhere.
"""
_TABLES_HEAD = """\
# Table definitions

Generated from `pipeline/config/tables.py` by `make docs`.

Tables are defined in `configs/*.yml` (another folder: `PIPELINE_CONFIGS`), under `tables:`, by their
full name in the source:

```yaml
defaults:            # optional: keys for every table of the file
  chunks: 2
tables:
  shop.orders:
    cursor: updated_at
    business_key: order_no
    distkey: customer_id
    sortkey: updated_at
  shop.countries:
    cursor_type: full
```

A single column may be written without a list. Put a database with a dot in its name in backticks:
"`my.db`.orders". Words are text: a column `no` or `on`, a date or `010` needs no quotes; a column named
`true`, `false`, `null` or by a number does.

`python -m pipeline discover DATABASE… > configs/FILE.yml` writes such a file, with a definition of every
table of the databases that has none yet. It proposes a cursor where the server itself sets a column at
every change (`ON UPDATE CURRENT_TIMESTAMP`, not NULL) and the table has a primary key, and a snapshot for
every other table. Names that the warehouse cannot have, or has already, are replaced; columns of unsupported
types are left out, and so are tables that cannot be read and those of schema-change tools (`_orders_gho`,
`_orders_new`). Comments point to what needs a decision: a column named like a cursor, ids of a large table
whose rows may never change, a missing index, the date of the oldest row.
"""
_POLICIES_HEAD = """\
## Policies

For the whole table, or under `columns:` for one of its columns. [policies.md](policies.md) describes each.
"""
_EXITS = """\
# Exit codes

Generated from `pipeline/errors.py` by `make docs`.

| status | of a `luigi --module pipeline …` run |
|---|---|
| 0 | everything requested is done, or as much as `--limit`, `--max-chunks` and `--minutes` allow |
| 10 | the same command is already running |
| 20 | missing data: a window is not closed yet, a later run takes it |
| 25 | a task was not run: it waits for what another run has |
| 30 | a task failed with an unexpected error: the log has a traceback |
| 35 | a task could not be scheduled, with an unexpected error |
| 40 | an invalid command line that Luigi detects late |
| 130 | ended by Ctrl-C; its processes have ended, the same command continues |
| 143 | ended by SIGTERM; as for 130 |
"""


def configuration() -> str:
    """docs/configuration.md"""
    parts = [_SETTINGS_HEAD]
    for name, model in SECTIONS.items():
        parts.append(f"## [{name}]\n\n{first_line(model.__doc__)}\n")
        rows = [
            (f"`{key}`", f"`{variables(model)[key]}`", _default(field), field.description or "")
            for key, field in model.model_fields.items()
        ]
        parts.append(table(("key", "environment", "default", "meaning"), rows))
    return "\n".join(parts)


def tables() -> str:
    """docs/tables.md"""
    rows = [
        (f"`{key}`", _default(field), field.description or "")
        for key, field in TableDefinition.model_fields.items()
        if key not in Policies.model_fields
    ]
    policies = [
        (f"`{key}`", ", ".join(choices(key.removeprefix("on_"))), field.description or "")
        for key, field in Policies.model_fields.items()
    ]
    return (
        f"{_TABLES_HEAD}\n{table(('key', 'default', 'meaning'), rows)}\n{_POLICIES_HEAD}\n"
        f"{table(('key', 'policies, the default first', 'values that are'), policies)}"
    )


def exit_codes() -> str:
    """docs/exit-codes.md"""
    kinds: list[type[PipelineError]] = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and PipelineError in kind.__bases__
    ]
    rows = [f"| {kind.exit_status} | {first_line(kind.__doc__)} |" for kind in kinds]
    tail = (
        "\n`python -m pipeline …` ends with 0, 1 ([`verify`](verify.md): a table differs or is not loaded),\n"
        "2 (usage), 41 to 47, 130 (Ctrl-C), or 141 (its output pipe was closed, as in `… | head -1`).\n"
    )
    return _EXITS + "\n".join(rows) + "\n" + tail


def environment_sample() -> str:
    """.env.example: what a first run needs, and everything else commented out."""
    lines = [
        "# Copy to .env (not committed) and fill in. See docs/configuration.md.",
        "# Values are taken as written: DB_PASSWORD=a${HOME}b%c is that text. One with #, a quote or",
        r"# spaces needs single quotes, with \' and \\ for ' and \ in them: DB_PASSWORD='it\'s #1'",
    ]
    for name, model in SECTIONS.items():
        lines += ["", f"# [{name}] {first_line(model.__doc__)}"]
        for key, variable in variables(model).items():
            if any(f"{variable}=" in line for line in lines):  # of several sections
                continue
            field = model.model_fields[key]
            off = "" if field.is_required() else "# "
            value = "" if field.is_required() or field.default is None else field.default
            lines.append(f"{off}{variable}={value}".rstrip())
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/commands.md": commands_page.page,
    "docs/configuration.md": configuration,
    "docs/tables.md": tables,
    "docs/types.md": types_page.page,
    "docs/exit-codes.md": exit_codes,
    ".env.example": environment_sample,
}


LAYERED = ("README.md", "CONTRIBUTING.md")
"""Hand-written pages that contain the layer table."""


def expected(root: Path) -> dict[str, str]:
    """Every page with the text that it should have."""
    made = {name: make() for name, make in PAGES.items()}
    written = {name: (root / name).read_text(encoding="utf-8") for name in LAYERED}
    return made | {name: layers.with_table(page) for name, page in written.items()}


def write(root: Path) -> Iterator[Path]:
    """Write every page that differs and yield its path."""
    for name, text in expected(root).items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            yield path


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if field.is_required():
        return "needed"
    return "" if value in (None, "", ()) else f"`{str(value).lower() if value is False else value}`"


if __name__ == "__main__":
    for changed in write(Path.cwd()):
        sys.stdout.write(f"{changed}\n")
