"""SET, RESET, SHOW and BEGIN.

Source: Amazon Redshift Database Developer Guide, "Configuration reference", "BEGIN", "SET".
"""

from __future__ import annotations

from devstack.redshift.backend import literal
from devstack.redshift.errors import RedshiftError, syntax_error
from devstack.redshift.plan import Answer, Plan, Run, Session
from devstack.redshift.tokens import STRING, Tokens, find, quote, sql_of, starts, words

REDSHIFT_ONLY = {
    "query_group": "default",
    "wlm_query_slot_count": "1",
    "enable_case_sensitive_identifier": "off",
    "enable_result_cache_for_session": "on",
    "enable_numeric_rounding": "on",
    "enable_vacuum_boost": "off",
    "analyze_threshold_percent": "10",
    "auto_analyze": "on",
    "autocommit": "on",
    "describe_field_name_in_uppercase": "off",
    "downcase_delimited_identifier": "on",
    "error_on_nondeterministic_update": "off",
    "spectrum_query_maxerror": "-1",
    "use_fips_ssl": "off",
    "stored_proc_log_min_messages": "log",
    "max_cursor_result_set_size": "0",
    "json_parse_truncate_strings": "off",
    "json_parse_dedup_attributes": "off",
    "navigate_super_null_on_error": "on",
    "parse_super_null_on_error": "off",
    "mv_enable_aqmv_for_session": "on",
    "session_level_timeout": "0",
    "default_geometry_encoding": "1",
}
_SHARED = words(
    "application_name client_encoding client_min_messages datestyle extra_float_digits "
    "intervalstyle search_path seed session_authorization statement_timeout timezone "
    "idle_in_transaction_session_timeout standard_conforming_strings"
)
_TRUTHS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def defaults() -> dict[str, str]:
    """The initial values of settings unknown to PostgreSQL."""
    return dict(REDSHIFT_ONLY)


def truth(value: str) -> bool:
    """The value of a boolean setting; raises RedshiftError if invalid."""
    if value.lower() not in _TRUTHS:
        raise RedshiftError(f'invalid value "{value}" for a boolean parameter', "22023")
    return _TRUTHS[value.lower()]


def rewrite_set(tokens: Tokens, session: Session) -> Plan:
    """SET [SESSION|LOCAL] name {TO|=} value."""
    at = 2 if len(tokens) > 1 and tokens[1].key in ("session", "local") else 1
    if starts(tokens, "characteristics", at=at) or starts(tokens, "authorization", at=at):
        return Run(sql_of(tokens), tag="SET")
    if starts(tokens, "transaction", at=at):
        return Answer("SET")  # one isolation level for all transactions, as on Redshift
    if starts(tokens, "time", "zone", at=at):
        return Run(sql_of(tokens))
    name, value_at = _name(tokens, at)
    if not starts(tokens, "to", at=value_at) and not starts(tokens, "=", at=value_at):
        raise syntax_error(tokens[value_at].text if value_at < len(tokens) else ";")
    value = " ".join(
        token.value if token.kind == STRING else token.text for token in tokens[value_at + 1 :]
    )
    if name == "standin.quoted_null_is_null":
        session.quoted_null_is_null = truth(value)
        return Answer("SET")
    if name in REDSHIFT_ONLY:
        session.settings[name] = REDSHIFT_ONLY[name] if value.lower() == "default" else value
        if name == "enable_case_sensitive_identifier":
            session.case_sensitive = truth(session.settings[name])
        return Answer("SET")
    if name == "client_encoding" and value.lower() in ("utf8", "utf-8", "unicode"):
        return Answer("SET")
    if name not in _SHARED:
        raise RedshiftError(f'unrecognized configuration parameter "{name}"', "42704")
    return Run(sql_of(tokens))


def _name(tokens: Tokens, at: int) -> tuple[str, int]:
    name = tokens[at].name if at < len(tokens) else ""
    if starts(tokens, ".", at=at + 1) and at + 2 < len(tokens):
        return f"{name}.{tokens[at + 2].name}", at + 3
    return name, at + 1


def rewrite_reset(tokens: Tokens, session: Session) -> Plan:
    """RESET name | ALL."""
    name = tokens[1].name if len(tokens) > 1 else ""
    if name in REDSHIFT_ONLY:
        session.settings[name] = REDSHIFT_ONLY[name]
        session.case_sensitive = truth(session.settings["enable_case_sensitive_identifier"])
        return Answer("RESET")
    if name == "all":
        session.settings.update(REDSHIFT_ONLY)
        session.case_sensitive = False
    return Run(sql_of(tokens))


def rewrite_show(tokens: Tokens, session: Session) -> Plan:
    """SHOW name, SHOW TABLE name."""
    name, _ = _name(tokens, 1)
    if name in session.settings:
        return Answer("SHOW", (name,), ((session.settings[name],),))
    if name == "server_version":
        return Answer("SHOW", (name,), (("8.0.2",),))
    if name == "standin.quoted_null_is_null":
        return Answer("SHOW", (name,), (("yes" if session.quoted_null_is_null else "no",),))
    if name == "table" and len(tokens) > 2:
        target = literal(".".join(quote(token.name) for token in tokens[2:] if token.name))
        return Run(
            f'SELECT standin.show_table({target}::regclass) AS "Show Table DDL statement"',
            tag="SHOW",
        )
    if name == "all" or name in _SHARED or name == "transaction_isolation":
        return Run(sql_of(tokens))
    raise RedshiftError(f'unrecognized configuration parameter "{name}"', "42704")


def rewrite_begin(tokens: Tokens) -> Run:
    """BEGIN or START TRANSACTION; the isolation level is ignored.

    Source: "BEGIN": "READ UNCOMMITTED, READ COMMITTED and REPEATABLE READ have no operational
    impact and map to SERIALIZABLE".
    """
    mode = " READ ONLY" if find(tokens, "read", "only") >= 0 else ""
    tag = "START TRANSACTION" if tokens[0].key == "start" else "BEGIN"
    return Run("BEGIN" + mode, tag=tag)
