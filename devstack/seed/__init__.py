"""Realistic settlement data: tables, rows, and later changes to them."""

from devstack.seed.change import mutate_settlement
from devstack.seed.load import seed_settlement

__all__ = ["mutate_settlement", "seed_settlement"]
