"""The number of a subject: the source's own where it numbers people, else a hash of its identifier."""

import hashlib
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

HASHED: Final = 2**62
"""From here on numbers are hashes; below it they are the source's own."""

_LEAST: Final = pl.Series([0, *(10**more for more in range(1, 19)), HASHED], dtype=pl.Int64)
"""The least plain integer of one, two, ... nineteen characters; none has more."""


def numbers(identifiers: pl.Series) -> pl.Series:
    """The number of each identifier; null stays null. The same identifier has the same number everywhere.

    A plain integer below 2^62 without leading zeros is its own number; any other identifier becomes 2^62 plus 62 bits
    of its BLAKE2b hash. Two identifiers may have one number (among three million, with a chance of one in a million);
    that is found where the events of a subject come together.
    """
    own = identifiers.str.to_integer(strict=False, dtype=pl.Int64)
    # A sign or a leading zero makes it longer than its number.
    least = _LEAST.gather((identifiers.str.len_bytes().cast(pl.Int64) - 1).clip(0, len(_LEAST) - 1))
    plain = ((own >= least) & (own < HASHED)).fill_null(value=False)
    different = identifiers.filter(~plain).drop_nulls().unique()
    if different.is_empty():
        return own
    hashes = pl.Series([_hash(identifier) for identifier in different], dtype=pl.Int64)
    hashed = identifiers.replace_strict(different, hashes, default=None, return_dtype=pl.Int64)
    return own.zip_with(plain, hashed)


def _hash(identifier: str) -> int:
    digest = hashlib.blake2b(identifier.encode(), digest_size=8).digest()
    return HASHED + (int.from_bytes(digest, "big") >> 2)


def spread(subjects: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Numbers of subjects as evenly spread bits (the finaliser of SplitMix64, Steele et al. 2014); shape (n,)."""
    bits = subjects.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
