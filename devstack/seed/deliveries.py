"""The rows of `settlement_normal_delivery_detail`: one per delivery event."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from devstack.seed import pools, texts
from devstack.seed.chance import Chance
from devstack.seed.tables import SERVICE_TYPES
from devstack.seed.texts import Bools, Int64s
from devstack.seed.timeline import SECOND, Timeline

# Interval between rows with an awkward free text; a thousand rows contain all of them.
_AWKWARD_EVERY = 23
_UNSIGNED_BIGINT_MAX = 2**64 - 1


@dataclass(frozen=True)
class Deliveries:
    """The rows numbered `row`, as texts; values shared by columns are computed once."""

    timeline: Timeline
    chance: Chance
    row: Int64s

    def columns(self) -> dict[str, pa.Array]:
        """Every column of the table, by name, in the file format of LOAD DATA."""
        return {
            "ID": texts.integers(self.row + 1),
            **self._identity(),
            **self._status(),
            **self._route(),
            **self._measures(),
            **self._money(),
            **self._receiver(),
            **self._times(),
        }

    @cached_property
    def parcel(self) -> Int64s:
        """The number of each row's parcel."""
        return self._parcels[0]

    @cached_property
    def updated(self) -> Int64s:
        """The time of each row's last change."""
        return self.timeline.updated(self.row, self.chance)

    @cached_property
    def created(self) -> Int64s:
        """The time of each row's creation."""
        return self.timeline.created(self.row)

    @cached_property
    def _parcels(self) -> tuple[Int64s, Int64s, Bools]:
        return self.timeline.parcels(self.row)

    @cached_property
    def _partner(self) -> Int64s:
        return self._of_parcel(pools.PARTNERS, "partner")

    def _of_row(self, limit: int, name: str) -> Int64s:
        return self.chance.below(limit, name, self.row)

    def _of_parcel(self, limit: int, name: str) -> Int64s:
        """A value shared by all events of a parcel."""
        return self.chance.below(limit, name, self.parcel)

    def _one_in(self, count: int, name: str) -> Bools:
        return self.chance.one_in(count, name, self.row)

    def _awkward(self, ordinary: pa.Array) -> pa.Array:
        """The texts, with an awkward one at regular intervals."""
        turn, place = np.divmod(self.row, _AWKWARD_EVERY)
        awkward = texts.chosen(pools.AWKWARD, turn % len(pools.AWKWARD))
        return texts.either(place == 0, awkward, ordinary)

    def _money_of(self, limit: int, name: str, scale: int, *, lowest: int = 0) -> pa.Array:
        return texts.decimals(self._of_row(limit - lowest, name) + lowest, 18, scale)

    def _identity(self) -> dict[str, pa.Array]:
        day = texts.times(self.created, "D")
        return {
            "billing_num": texts.numbered("BN-2025-", self.parcel // 7, 12),
            "partner_id": texts.integers(self._partner + 1),
            "partner_name": texts.chosen(pools.PARTNER_NAMES, self._partner),
            "ant_parcel_no": texts.numbered("ANT", self.parcel, 14),
            "waybill_no": texts.unless(
                self._one_in(9, "no waybill"),
                texts.numbered("WB", self._of_parcel(10**12, "waybill"), 13),
            ),
            "order_id": texts.either(
                self._one_in(50, "large order"),
                texts.integers(np.uint64(_UNSIGNED_BIGINT_MAX) - self.row.astype(np.uint64)),
                texts.integers(self._of_parcel(10**15, "order")),
            ),
            "customer_id": texts.unless(
                self._one_in(7, "no customer"),
                # Above 2^53: a conversion through a double would change it.
                texts.integers(2**53 + self._of_parcel(10**9, "customer") * 2 + 1),
            ),
            "service_type": texts.chosen(
                SERVICE_TYPES, self._of_parcel(len(SERVICE_TYPES), "service")
            ),
            "billing_date": texts.unless(self._one_in(11, "unbilled"), day),
        }

    def _status(self) -> dict[str, pa.Array]:
        _, stage, is_last = self._parcels
        final = self._of_parcel(len(pools.FINAL_STATUSES), "final status")
        return {
            "latest_status": texts.either(
                is_last,
                texts.chosen(pools.FINAL_STATUSES, final),
                texts.chosen(pools.STATUSES, stage % 5),
            ),
            "status_code": texts.integers(np.where(is_last, 65_000 + final, stage * 100)),
            "status_note": self._awkward(
                texts.chosen(pools.NOTES, self._of_row(len(pools.NOTES), "note"))
            ),
            "event_seq": texts.integers(stage + 1),
            "attempt_count": texts.integers(self._of_row(4, "attempts") - 1),
            "is_returned": texts.unless(
                self._one_in(4, "return unknown"),
                texts.integers((final >= 17).astype(np.int64) * 2),  # TINYINT(1) is not a boolean
            ),
        }

    def _route(self) -> dict[str, pa.Array]:
        return {
            "route_id": texts.unless(
                self._one_in(13, "no route"), texts.integers(-self._of_row(10**10, "route"))
            ),
            "origin_station_id": texts.either(
                self._one_in(40, "large station"),
                texts.integers(2**32 - 1 - self._of_row(1000, "station")),
                texts.integers(self._of_parcel(5000, "origin")),
            ),
            "destination_station_id": texts.unless(
                self._one_in(17, "no destination"),
                texts.integers(self._of_parcel(5000, "destination")),
            ),
            "driver_id": texts.unless(
                self._one_in(3, "no driver"), texts.integers(self._of_row(90_000, "driver"))
            ),
            "zone_id": texts.integers(self._of_parcel(400, "zone") - 200),
        }

    def _measures(self) -> dict[str, pa.Array]:
        return {
            "weight_g": texts.integers(self._of_parcel(2**24, "weight")),
            "length_mm": texts.integers(self._of_parcel(2**16, "length")),
            "width_mm": texts.integers(self._of_parcel(2**15, "width")),
            "height_mm": texts.unless(
                self._one_in(6, "no height"), texts.integers(self._of_parcel(2**14, "height"))
            ),
            "transit_seconds": texts.unless(
                self._one_in(5, "no transit"), texts.integers(self._of_row(10**6, "transit"))
            ),
            "temperature_c": texts.unless(
                self._one_in(2, "no temperature"),
                texts.integers(self._of_row(256, "temperature") - 128),
            ),
        }

    def _money(self) -> dict[str, pa.Array]:
        is_cod = self.chance.one_in(6, "cash on delivery", self.parcel)
        return {
            "is_cod": texts.integers(is_cod.astype(np.int64)),
            "net_price": self._money_of(5_000_000, "net", 4, lowest=-200_000),
            "base_price": self._money_of(6_000_000, "base", 4),
            "fuel_surcharge": self._money_of(90_000, "fuel", 4),
            "remote_surcharge": texts.unless(
                self._one_in(2, "not remote"), self._money_of(50_000, "remote", 4)
            ),
            "discount": texts.unless(
                self._one_in(3, "no discount"), self._money_of(0, "discount", 4, lowest=-80_000)
            ),
            "cod_amount": texts.unless(~is_cod, self._money_of(10**17, "cod", 2)),
            "insurance_fee": texts.unless(
                self._one_in(4, "uninsured"), self._money_of(20_000, "insurance", 2)
            ),
            "tax_rate": self._money_of(250_000, "tax rate", 6),
            "tax_amount": self._money_of(600_000, "tax", 4),
            "exchange_rate": self._money_of(10**12, "exchange", 10),
            "currency": texts.chosen(
                pools.CURRENCIES, self._of_parcel(len(pools.CURRENCIES), "currency")
            ),
        }

    def _receiver(self) -> dict[str, pa.Array]:
        names, cities, remarks = pools.NAMES, pools.CITIES, pools.REMARKS
        degrees = self._of_parcel(10**9, "latitude") / 10**9
        return {
            "receiver_name": texts.chosen(names, self._of_parcel(len(names), "name")),
            "receiver_city": texts.chosen(cities, self._of_parcel(len(cities), "city")),
            "postcode": texts.numbered("", self._of_parcel(10**5, "postcode"), 6),
            "latitude": texts.doubles(degrees * 180 - 90),
            "longitude": texts.unless(
                self._one_in(30, "no longitude"), texts.doubles(degrees * 360 / 7 - 180 / 7)
            ),
            "remarks": self._awkward(texts.chosen(remarks, self._of_row(len(remarks), "remark"))),
        }

    def _times(self) -> dict[str, pa.Array]:
        _, stage, is_last = self._parcels
        fraction = self._of_row(SECOND, "fraction")
        return {
            "picked_up_at": texts.unless(
                stage == 0, texts.times(self.created - self.timeline.gap // 2 + fraction, "us")
            ),
            "scanned_at": texts.times(self.created + fraction, "us"),
            "delivered_at": texts.unless(~is_last, texts.times(self.created, "s")),
            "settled_at": texts.unless(
                ~is_last | self._one_in(3, "unsettled"), texts.times(self.updated, "s")
            ),
            "create_at": texts.times(self.created, "s"),
            "update_at": texts.times(self.updated, "s"),
        }
