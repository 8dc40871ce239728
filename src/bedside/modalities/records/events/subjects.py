"""The number of a subject: the source's own where it numbers people, else a hash of its identifier."""

import hashlib
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

HASHED: Final = 2**62
"""From here on numbers are hashes; below it they are the source's own."""

_PLAIN = r"^(0|[1-9][0-9]{0,18})$"


def numbers(identifiers: pl.Series) -> pl.Series:
    """The number of each identifier; null stays null. The same identifier has the same number everywhere.

    A plain integer below 2^62 without leading zeros is its own number; any other identifier becomes 2^62 plus 62 bits
    of its BLAKE2b hash. Two identifiers may have one number (among three million, with a chance of one in a million);
    that is found where the events of a subject come together.
    """
    different = identifiers.drop_nulls().unique()
    own = different.str.to_integer(strict=False, dtype=pl.Int64)
    plain = (different.str.contains(_PLAIN) & (own < HASHED)).fill_null(value=False)
    found = [
        number if is_plain and number is not None else _hash(identifier)
        for identifier, number, is_plain in zip(different, own, plain, strict=True)
    ]
    return identifiers.replace_strict(different, pl.Series(found, dtype=pl.Int64), default=None, return_dtype=pl.Int64)


def _hash(identifier: str) -> int:
    digest = hashlib.blake2b(identifier.encode(), digest_size=8).digest()
    return HASHED + (int.from_bytes(digest, "big") >> 2)


def spread(subjects: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Numbers of subjects as evenly spread bits (the finaliser of SplitMix64, Steele et al. 2014); shape (n,)."""
    bits = subjects.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
