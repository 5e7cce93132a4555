"""Stateless reproducible randomness: the values of a row depend only on the seed and the row.

Any block of rows can be generated independently, in any order, with the same result.
"""

import zlib

import numpy as np
import numpy.typing as npt

from devstack.seed.texts import Bools, Int64s


class Chance:
    """Hashes of (seed, name, key): `key` is a row or a parcel, `name` the value drawn."""

    def __init__(self, seed: int) -> None:
        self._seed = seed & 0xFFFF_FFFF

    def below(self, limit: int, name: str, keys: Int64s) -> Int64s:
        """Whole numbers from 0 to `limit` - 1."""
        return (self._bits(name, keys) % np.uint64(limit)).astype(np.int64)

    def one_in(self, count: int, name: str, keys: Int64s) -> Bools:
        """True for about one key in `count`."""
        chosen: Bools = self.below(count, name, keys) == 0
        return chosen

    def _bits(self, name: str, keys: Int64s) -> npt.NDArray[np.uint64]:
        """The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over the key and a salt."""
        salt = np.uint64((zlib.crc32(name.encode()) << 32) ^ self._seed)
        with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is intended
            x = (keys.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + salt
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            return x ^ (x >> np.uint64(31))
