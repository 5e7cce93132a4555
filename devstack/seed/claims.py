"""The rows of `settlement_claim_detail` and of `partner_info`."""

import numpy as np
import pyarrow as pa

from devstack.seed import pools, texts
from devstack.seed.chance import Chance
from devstack.seed.tables import CLAIM_TYPES
from devstack.seed.texts import Int64s
from devstack.seed.timeline import DAY, Timeline

ROWS_PER_CLAIM = 5  # delivery events


def claim_columns(
    events: Timeline, claims: Timeline, chance: Chance, row: Int64s
) -> dict[str, pa.Array]:
    """Claims: each is for the parcel of one delivery event, with times of a separate timeline."""
    parcel, _, _ = events.parcels(row * ROWS_PER_CLAIM)
    created = claims.created(row)
    status = chance.below(len(pools.CLAIM_STATUSES), "claim status", row)
    undecided = status < 2
    amount = chance.below(10**9, "claim", row)
    return {
        "ID": texts.integers(row + 1),
        "claim_no": texts.numbered("CL", row, 12),
        "billing_num": texts.numbered("BN-2025-", parcel // 7, 12),
        "ant_parcel_no": texts.numbered("ANT", parcel, 14),
        "partner_id": texts.integers(chance.below(pools.PARTNERS, "partner", parcel) + 1),
        "claim_type": texts.chosen(CLAIM_TYPES, chance.below(len(CLAIM_TYPES), "type", row)),
        "claim_status": texts.chosen(pools.CLAIM_STATUSES, status),
        "claim_amount": texts.decimals(amount, 15, 4),
        "approved_amount": texts.unless(undecided, texts.decimals(amount * 3 // 4, 15, 4)),
        "deducted_amount": texts.decimals(-(amount // 4), 15, 4),
        "tax_amount": texts.unless(undecided, texts.decimals(amount // 17, 15, 4)),
        "currency": texts.chosen(
            pools.CURRENCIES, chance.below(len(pools.CURRENCIES), "currency", parcel)
        ),
        "is_approved": texts.unless(undecided, texts.integers((status != 3).astype(np.int64))),
        "evidence_count": texts.either(
            chance.one_in(100, "many", row),
            texts.integers(2**32 - 1 - row % 1000),
            texts.integers(chance.below(9, "evidence", row)),
        ),
        "reason": texts.either(
            row % 7 == 0,
            texts.chosen(pools.AWKWARD, row // 7 % len(pools.AWKWARD)),
            texts.chosen(pools.NOTES, chance.below(len(pools.NOTES), "reason", row)),
        ),
        "occurred_on": texts.times(created - 2 * DAY, "D"),
        "create_at": texts.times(created, "s"),
        "update_at": texts.times(claims.updated(row, chance), "s"),
    }


def partner_columns(chance: Chance, start: int) -> dict[str, pa.Array]:
    """All partners; their contracts are dated back from the instant `start`."""
    row = np.arange(pools.PARTNERS, dtype=np.int64)
    begins = start - chance.below(1500, "contract", row) * DAY
    return {
        "partner_id": texts.integers(row + 1),
        "partner_code": texts.numbered("P", row + 1, 5),
        "partner_name": texts.chosen(pools.PARTNER_NAMES, row),
        "contact_name": texts.unless(
            row % 9 == 0,
            texts.chosen(pools.NAMES, chance.below(len(pools.NAMES), "contact", row)),
        ),
        "contact_email": texts.numbered("settlement+", row + 1, 3, "@example.com"),
        "country_code": texts.chosen(("CN", "TH", "MY", "ES", "DE"), row % 5),
        "is_active": texts.integers(row % 3 % 2),
        "credit_limit": texts.unless(
            row % 4 == 0, texts.decimals(chance.below(10**15, "credit", row), 18, 2)
        ),
        "commission_rate": texts.decimals(chance.below(10**6, "commission", row), 7, 6),
        "contract_start": texts.times(begins, "D"),
        "contract_end": texts.unless(row % 5 != 0, texts.times(begins + 2000 * DAY, "D")),
        "note": texts.chosen(pools.AWKWARD, row % len(pools.AWKWARD)),
    }
