"""MERGE."""
from devstack.redshift.tokens import Tokens, sql_of
from devstack.redshift.plan import Plan, Run
def rewrite_merge(tokens: Tokens) -> Plan:
    return Run(sql_of(tokens))
