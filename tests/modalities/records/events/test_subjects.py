"""Numbers of subjects."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.modalities.records.events.subjects import HASHED, numbers, spread


@pytest.mark.parametrize("plain", ["0", "7", "10002428", str(HASHED - 1)])
def test_plain_integers_keep_their_number(plain: str) -> None:
    assert numbers(pl.Series([plain])).to_list() == [int(plain)]


@pytest.mark.parametrize(
    "other", ["007", "-7", "+7", "7.0", " 7", "7a", "", str(HASHED), "9" * 30, "+1" + "0" * 18, "é", "\u0667"]
)
def test_anything_else_is_hashed_above_them(other: str) -> None:
    (found,) = numbers(pl.Series([other])).to_list()
    assert HASHED <= found < 2 * HASHED


def test_the_hash_never_changes() -> None:
    assert numbers(pl.Series(["urn:uuid:1", "007"])).to_list() == [7637339896239325740, 5929727817741443183]


@given(st.lists(st.one_of(st.none(), st.text(max_size=5), st.integers(0, 2**64).map(str)), max_size=30))
def test_equal_identifiers_have_equal_numbers_and_others_have_others(identifiers: list[str | None]) -> None:
    found = numbers(pl.Series(identifiers, dtype=pl.String)).to_list()
    pairs = {(identifier, number) for identifier, number in zip(identifiers, found, strict=True)}
    assert len(pairs) == len(set(identifiers)) == len(set(found))
    assert all((identifier is None) == (number is None) for identifier, number in pairs)


def test_numbers_in_a_row_are_spread_evenly() -> None:
    buckets = np.bincount((spread(np.arange(64_000)) % np.uint64(64)).astype(np.int64), minlength=64)
    assert buckets.min() > 850
    assert buckets.max() < 1150
