"""The variables of a source session, their values and the reasons, as SQL.

A server-wide setting reaches every new session, by `SET GLOBAL`, a configuration file or `init_connect`. The
list has the variables that change or cut a statement's rows, or end it, not those of performance alone.
Values are literal: `SET SESSION x = DEFAULT` takes the server-wide value.

Variables of some servers are in comments that the others skip: MariaDB runs ``/*M! … */``, and skips
``/*!80000 … */`` up to version 99999 (https://mariadb.com/kb/en/comment-syntax/).
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
    """A session variable and its required value; `server` is the comment prefix of servers that have it."""

    name: str
    value: str | int
    server: str = ""
    is_read_back: bool = True
    """Whether the server shows the value that was set."""

    @property
    def assignment(self) -> str:
        """The variable's part of SET."""
        if (
            self.value == "DEFAULT"
        ):  # a keyword; not the server-wide value of system_versioning_asof
            return f"{self.name} = DEFAULT"
        value = self.value if isinstance(self.value, int) else f"'{self.value}'"
        return f"{self.name} = {value}"

    @property
    def reading(self) -> str:
        """The variable's part of SELECT, a column of its name."""
        return f"@@SESSION.{self.name} AS {self.name}"

    def is_set(self, value: object) -> bool:
        """Whether the server's value is the required one."""
        if isinstance(self.value, int):
            return value is not None and Decimal(str(value)) == self.value
        return self.value in (str(value), *str(value).split(","))  # optimizer_switch is a list


def variables(timeout: int, lock_wait: int) -> tuple[Variable, ...]:
    """Every variable; `timeout` and `lock_wait` are the limits of a wait for the network and for a lock, in
    seconds."""
    return (
        # Display and comparison of values: no PAD_CHAR_TO_FULL_LENGTH, ANSI_QUOTES, NO_BACKSLASH_ESCAPES,
        # nor NO_TABLE_OPTIONS, which removes AUTO_INCREMENT from SHOW CREATE TABLE.
        Variable("sql_mode", ""),
        Variable("time_zone", "+00:00"),
        Variable("timestamp", "DEFAULT", is_read_back=False),  # the server's clock
        Variable("character_set_client", "utf8mb4"),
        Variable("character_set_connection", "utf8mb4"),
        Variable("character_set_results", "utf8mb4"),
        Variable("collation_connection", "utf8mb4_general_ci"),
        Variable("sql_auto_is_null", 0),
        Variable("sql_quote_show_create", 1),
        Variable("old_mode", "", _MARIADB),
        # Rows: limits, old row versions, uncommitted cluster writes, copies in a secondary engine.
        Variable("sql_select_limit", _MAX_64),
        Variable("max_join_size", _MAX_64),
        Variable("sql_big_selects", 1),  # after max_join_size, which sets it
        Variable("sql_safe_updates", 0),
        Variable("system_versioning_asof", "DEFAULT", _MARIADB),
        Variable("wsrep_dirty_reads", 0, _MARIADB),
        Variable("use_secondary_engine", "OFF", _MYSQL),
        # Columns, key and size: MySQL's generated key, estimates up to a day old.
        Variable("show_gipk_in_create_table_and_information_schema", 1, _MYSQL_8_0_30),
        Variable("information_schema_stats_expiry", 0, _MYSQL),
        # Results of views and generated columns.
        Variable("group_concat_max_len", 1 << 30),  # MariaDB's maximum
        Variable("div_precision_increment", 4),
        Variable("default_week_format", 0),
        Variable("lc_time_names", "en_US"),
        Variable("default_regex_flags", "", _MARIADB),
        Variable("max_recursive_iterations", _MAX_32, _MARIADB),
        Variable("cte_max_recursion_depth", _MAX_32, _MYSQL),
        # Consistency: one snapshot, which ends with its rollback alone.
        Variable("tx_isolation", "REPEATABLE-READ", _MARIADB),
        Variable("transaction_isolation", "REPEATABLE-READ", _MYSQL),
        Variable("completion_type", "NO_CHAIN"),
        Variable("sort_buffer_size", 2 << 20),  # a small one ends a statement with error 1038
        # MySQL 9's hypergraph optimizer has no traditional EXPLAIN.
        Variable("optimizer_switch", "hypergraph_optimizer=off", _MYSQL_8_0_30),
        # 1 would copy a chunk to a temporary table before its first row
        Variable("sql_buffer_result", 0),
        # Time and memory.
        Variable("max_statement_time", 0, _MARIADB),
        Variable("max_execution_time", 0, _MYSQL),
        Variable("max_session_mem_used", _MAX_64 >> 1, _MARIADB),  # signed
        Variable("tmp_disk_table_size", _MAX_64, _MARIADB),
        Variable("idle_transaction_timeout", 0, _MARIADB),
        Variable("idle_readonly_transaction_timeout", 0, _MARIADB),
        Variable("lock_wait_timeout", lock_wait),
        Variable("wait_timeout", max(timeout, 28_800)),
        Variable("net_read_timeout", timeout),
        Variable("net_write_timeout", timeout),  # 60 s by default, less than a slow upload
    )


SERVER = "CONCAT(@@hostname, ' ', @@server_id)"
"""The server that a session is on: an address may lead to several."""


def set_all(wanted: Sequence[Variable]) -> str:
    """A statement that sets all of the values, or fails and sets none."""
    return f"SET {_listed(wanted, 'assignment')}"


def read_all(wanted: Sequence[Variable]) -> str:
    """A statement that reads the session's values, one column per variable, and the server."""
    return f"SELECT {_listed([v for v in wanted if v.is_read_back], 'reading')}, {SERVER} AS server"


def _listed(wanted: Sequence[Variable], part: str) -> str:
    """The parts, separated by commas; a part of some servers is in a comment, with its comma."""
    first, *others = sorted(wanted, key=lambda variable: variable.server != "")
    parts = [_for_server(first.server, getattr(first, part))]
    parts += [_for_server(other.server, f", {getattr(other, part)}") for other in others]
    return "".join(parts)


def _for_server(server: str, text: str) -> str:
    return f" /*{server} {text} */" if server else text
