"""What a source session depends on, as SQL: each variable, the value it is to have, and why.

A server-wide setting reaches every new session, by `SET GLOBAL`, a configuration file or `init_connect`.
Listed is what changes the rows that a statement gives, cuts them, or ends it; what costs time alone is left
to the server. Values are literal: `SET SESSION x = DEFAULT` takes the server-wide value.

Variables that not every server has stand in comments that the others skip: MariaDB runs ``/*M! … */``, and
skips ``/*!80000 … */`` up to version 99999 (https://mariadb.com/kb/en/comment-syntax/).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

_MAX_64 = 18_446_744_073_709_551_615
_MAX_32 = 4_294_967_295
_MARIADB, _MYSQL, _MYSQL_8_0_30 = "M!", "!80000", "!80030"


@dataclass(frozen=True)
class Variable:
    """A session variable and the value that reading depends on; `server` names those that have it."""

    name: str
    value: str | int
    server: str = ""

    @property
    def assignment(self) -> str:
        """As a part of SET."""
        if self.value == "DEFAULT":  # a keyword, and of this one variable not the server-wide value
            return f"{self.name} = DEFAULT"
        value = self.value if isinstance(self.value, int) else f"'{self.value}'"
        return f"{self.name} = {value}"

    @property
    def reading(self) -> str:
        """As a part of SELECT, a column of the variable's name."""
        return f"@@SESSION.{self.name} AS {self.name}"

    def is_set(self, value: object) -> bool:
        """Whether the value, as the server shows it, is the one to have."""
        if isinstance(self.value, int):
            return value is not None and Decimal(str(value)) == self.value
        return self.value in (str(value), *str(value).split(","))  # one of many switches is a part


def variables(timeout: int) -> tuple[Variable, ...]:
    """Every variable; `timeout` is how many seconds either side may wait for the other."""
    return (
        # How a value is shown and compared: no PAD_CHAR_TO_FULL_LENGTH, ANSI_QUOTES, NO_BACKSLASH_ESCAPES,
        # and no NO_TABLE_OPTIONS, which takes AUTO_INCREMENT out of SHOW CREATE TABLE.
        Variable("sql_mode", ""),
        Variable("time_zone", "+00:00"),
        Variable("character_set_client", "utf8mb4"),
        Variable("character_set_connection", "utf8mb4"),
        Variable("character_set_results", "utf8mb4"),
        Variable("collation_connection", "utf8mb4_general_ci"),
        Variable("sql_auto_is_null", 0),
        Variable("sql_quote_show_create", 1),
        Variable("old_mode", "", _MARIADB),
        # Which rows: limits, and what is older than the table itself or no part of it.
        Variable("sql_select_limit", _MAX_64),
        Variable("max_join_size", _MAX_64),
        Variable("sql_big_selects", 1),  # after max_join_size, which sets it
        Variable("sql_safe_updates", 0),
        Variable("system_versioning_asof", "DEFAULT", _MARIADB),
        Variable("wsrep_dirty_reads", 0, _MARIADB),
        Variable("use_secondary_engine", "OFF", _MYSQL),
        # Which columns, key and size: the key that MySQL generates, estimates up to a day old.
        Variable("show_gipk_in_create_table_and_information_schema", 1, _MYSQL_8_0_30),
        Variable("information_schema_stats_expiry", 0, _MYSQL),
        # What views and generated columns are computed with.
        Variable("group_concat_max_len", 1 << 30),  # the most that MariaDB takes
        Variable("div_precision_increment", 4),
        Variable("default_week_format", 0),
        Variable("lc_time_names", "en_US"),
        Variable("default_regex_flags", "", _MARIADB),
        Variable("max_recursive_iterations", _MAX_32, _MARIADB),
        Variable("cte_max_recursion_depth", _MAX_32, _MYSQL),
        # What is read together: one snapshot, which ends when it is rolled back, and nothing else does.
        Variable("tx_isolation", "REPEATABLE-READ", _MARIADB),
        Variable("transaction_isolation", "REPEATABLE-READ", _MYSQL),
        Variable("completion_type", "NO_CHAIN"),
        Variable("sort_buffer_size", 2 << 20),  # a small one ends a statement: error 1038
        # EXPLAIN has no table with this optimizer, which MySQL 9 has.
        Variable("optimizer_switch", "hypergraph_optimizer=off", _MYSQL_8_0_30),
        Variable(
            "sql_buffer_result", 0
        ),  # a chunk would become a temporary table before its first row
        # How long and how much.
        Variable("max_statement_time", 0, _MARIADB),
        Variable("max_execution_time", 0, _MYSQL),
        Variable("max_session_mem_used", _MAX_64 >> 1, _MARIADB),  # it is signed, whatever it takes
        Variable("tmp_disk_table_size", _MAX_64, _MARIADB),
        Variable("idle_transaction_timeout", 0, _MARIADB),
        Variable("idle_readonly_transaction_timeout", 0, _MARIADB),
        Variable("lock_wait_timeout", 86_400),
        Variable("wait_timeout", max(timeout, 28_800)),
        Variable("net_read_timeout", timeout),
        Variable("net_write_timeout", timeout),  # 60 s by default, less than a slow upload can take
    )


def set_all(wanted: Sequence[Variable]) -> str:
    """One statement that gives the session all of the values, or fails and gives it none."""
    return f"SET {_listed(wanted, 'assignment')}"


def read_all(wanted: Sequence[Variable]) -> str:
    """One statement that shows what the session has, a column a variable, named like it."""
    return f"SELECT {_listed(wanted, 'reading')}"


def _listed(wanted: Sequence[Variable], part: str) -> str:
    """The parts with commas; each that not every server has in a comment, with its comma."""
    first, *others = sorted(wanted, key=lambda variable: variable.server != "")
    parts = [_on(first.server, getattr(first, part))]
    parts += [_on(each.server, f", {getattr(each, part)}") for each in others]
    return "".join(parts)


def _on(server: str, text: str) -> str:
    return f" /*{server} {text} */" if server else text
