"""ALTER TABLE."""
from devstack.redshift.tokens import Tokens, sql_of
from devstack.redshift.plan import Plan, Run, Session
def rewrite_alter_table(tokens: Tokens, session: Session) -> Plan:
    return Run(sql_of(tokens))
