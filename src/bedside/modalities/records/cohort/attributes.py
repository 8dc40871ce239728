"""What describes a case and is no predictor by itself: site, sex, band of age."""

from itertools import pairwise

import numpy as np
import polars as pl

from bedside.modalities.records.cohort.candidates import Candidates
from bedside.modalities.records.cohort.declaration import Attribute, EventCohort
from bedside.modalities.records.cohort.timeline import position


def attributes(found: Candidates, cohort: EventCohort) -> dict[str, pl.Series]:
    """A column of text for each declared attribute, null where it is not known."""
    return {
        f"attribute.{name}": _bands(found, each.age_cuts) if each.age_cuts else _latest(found, each)
        for name, each in cohort.attributes.items()
    }


def _latest(found: Candidates, attribute: Attribute) -> pl.Series:
    """The rest of the latest code with a prefix that is known at the index time."""
    shard = found.shard
    rest = [word.removeprefix(attribute.prefix) for word in shard.words]
    wanted = np.fromiter((word.startswith(attribute.prefix) for word in shard.words), bool, len(shard.words))
    rows = np.flatnonzero(wanted[shard.codes]) if len(shard.words) else np.empty(0, np.int64)
    first = np.searchsorted(shard.subject[rows], np.arange(shard.patients + 1)).astype(np.int64)
    low, high = first[found.subject], first[found.subject + 1]
    last = position(shard.times[rows], low, high, found.index, after=True) - 1
    there = last >= low
    codes = shard.codes[rows[np.maximum(last, 0)]] if len(rows) else np.zeros(len(found), np.int32)
    return pl.Series([*rest, None], dtype=pl.String).gather(np.where(there, codes, len(rest)))


def _bands(found: Candidates, cuts: tuple[float, ...]) -> pl.Series:
    between = [f"{low:g} to under {high:g}" for low, high in pairwise(cuts)]
    words = pl.Series([f"under {cuts[0]:g}", *between, f"{cuts[-1]:g} and over", None], dtype=pl.String)
    age = found.age_years()
    return words.gather(np.where(np.isnan(age), len(words) - 1, np.searchsorted(cuts, age, side="right")))
