"""QUALIFY."""
from devstack.redshift.tokens import Tokens
def rewrite_qualify(tokens: Tokens) -> Tokens:
    return tokens
