"""The people of a simulated hospital: who they are, which chronic conditions they develop when, and until when."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bedside.modalities.records.simulate.catalogue import ANCESTRIES, CONDITIONS, MEASUREMENTS, SMOKING
from bedside.types import Booleans, Floats, Integers

DAY: Final = 86_400
YEAR: Final = 365.25 * DAY
END: Final = 3653 * DAY
"""Seconds since the start of the records; they reach over ten years."""
NEVER: Final = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class People:
    """People as columns; times in seconds since the start of the records.

    Attributes:
        subjects: Their numbers, shape (n,).
        born: Shape (n,).
        female: Shape (n,).
        ancestry: Place in `ANCESTRIES`, shape (n,).
        smoking: Place in `SMOKING`, shape (n,).
        frailty: Hidden, standard normal, for life; shape (n,).
        enters: From when on they come to this hospital, shape (n,).
        leaves: When they move away, or the end of the records; shape (n,).
        dies: When they die of other reasons than an admission, shape (n,).
        onsets: Of each condition, `NEVER` where it never comes; shape (n, conditions).
        own: How far each measurement is from normal for life, in standard deviations; shape (n, measurements).
    """

    subjects: Integers
    born: Integers
    female: Booleans
    ancestry: Integers
    smoking: Integers
    frailty: Floats
    enters: Integers
    leaves: Integers
    dies: Integers
    onsets: Integers
    own: Floats

    def __len__(self) -> int:
        return len(self.subjects)

    def has(self, who: Integers, times: Integers) -> Booleans:
        """Which conditions these people have at these times, shape (k, conditions)."""
        found: Booleans = self.onsets[who] <= times[:, None]
        return found

    def age(self, who: Integers, times: Integers) -> Floats:
        """In years, shape (k,)."""
        years: Floats = (times - self.born[who]) / YEAR
        return years


def burden(has: Booleans) -> Floats:
    """What conditions add up to, shape (k,)."""
    found: Floats = has @ np.array([condition.burden for condition in CONDITIONS])
    return found


def people(subjects: Integers, draws: np.random.Generator) -> People:
    """Draw people with these numbers."""
    n = len(subjects)
    age = 3 + 90 * draws.beta(1.7, 1.5, n)
    frailty = draws.normal(size=n)
    smoking = np.searchsorted(np.cumsum([0.55, 0.28]), draws.random(n) - 0.04 * frailty, side="right")
    onsets = _onsets(age, frailty + 0.4 * (smoking - 0.5), draws)
    factor = np.exp(0.35 * frailty + 0.3 * burden(onsets <= 0))
    enters = np.where(draws.random(n) < 0.6, 0.0, draws.random(n) * 0.6 * END)
    # Who died before they came is nobody's patient here: all are alive when they come.
    luck = draws.exponential(size=n) / factor
    death = _gompertz(luck, hazard=0.0035, growth=0.09, since=age + enters / YEAR)
    leaves = np.where(draws.random(n) < 0.8, float(END), enters + draws.random(n) * (END - enters))
    ancestry = np.searchsorted(np.cumsum([share for _, share in ANCESTRIES])[:-1], draws.random(n), side="right")
    return People(
        subjects=subjects,
        born=_seconds(-age * YEAR),
        female=draws.random(n) < 0.52,
        ancestry=ancestry,
        smoking=np.clip(smoking, 0, len(SMOKING) - 1),
        frailty=frailty,
        enters=_seconds(enters),
        leaves=_seconds(leaves),
        dies=_seconds((death - age) * YEAR),
        onsets=onsets,
        own=draws.normal(scale=0.6, size=(n, len(MEASUREMENTS))),
    )


def _onsets(age: Floats, frailty: Floats, draws: np.random.Generator) -> Integers:
    """When each condition begins; one that another hastens comes the sooner after it."""
    found: dict[str, Floats] = {}
    for condition in CONDITIONS:
        luck = draws.exponential(size=len(age)) / np.exp(condition.frailty * frailty)
        onset = _gompertz(luck, hazard=condition.hazard, growth=condition.growth, since=np.zeros(len(age)))
        if condition.after is not None:
            first, haste = found[condition.after[0]], condition.after[1]
            onset = np.where(onset > first, first + (onset - first) / haste, onset)
        found[condition.name] = onset
    return np.stack([_seconds((onset - age) * YEAR) for onset in found.values()], axis=1)


def _gompertz(luck: Floats, *, hazard: float, growth: float, since: Floats) -> Floats:
    """Age at which a hazard that grows exponentially, `hazard` at sixty, has added up to `luck` since an age."""
    reached = np.exp(growth * (since - 60)) + luck * growth / hazard
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(reached > 0, 60 + np.log(reached) / growth, 1e6)


def _seconds(times: Floats) -> Integers:
    """Whole minutes."""
    found: Integers = np.minimum(np.floor(times / 60) * 60, float(NEVER)).astype(np.int64)
    return found
