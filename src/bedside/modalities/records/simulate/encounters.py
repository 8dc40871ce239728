"""When people come to a simulated hospital: visits, admissions with a hidden course of illness, and death."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from bedside.modalities.records.simulate.catalogue import CONDITIONS, ILLNESSES
from bedside.modalities.records.simulate.people import DAY, END, NEVER, YEAR, People, burden
from bedside.types import Booleans, Floats, Integers

WAVES: Final = 6
"""So many readmissions at most follow an admission."""
_PATIENT: Final = 1 << 40
"""More than any time is from any other: whoever and whenever are one number that sorts."""


@dataclass(frozen=True, eq=False)
class Stays:
    """Admissions as columns, those of one person together and by time; times in seconds since the start.

    Attributes:
        who: Place in the people, shape (n,), as all others.
        illness: Place in `ILLNESSES`.
        severity: Hidden, at its worst; about standard normal.
        residual: Hidden, what is left of it at discharge.
        begins: Admission.
        ends: Discharge, or death.
        intensive: Hours of intensive care, 0 for none.
        fatal: Whether the person dies in it.
        dies: When the person will have died of it, `NEVER` where not.
    """

    who: Integers
    illness: Integers
    severity: Floats
    residual: Floats
    begins: Integers
    ends: Integers
    intensive: Integers
    fatal: Booleans
    dies: Integers

    def __len__(self) -> int:
        return len(self.who)

    def at(self, rows: "Booleans | Integers") -> "Stays":
        """Some of them."""
        return Stays(*(getattr(self, field.name)[rows] for field in fields(self)))

    def before(self, who: Integers, times: Integers) -> Integers:
        """The last admission of these people that began by these times, -1 where there is none."""
        place = np.searchsorted(self.who * _PATIENT + self.begins, who * _PATIENT + times, side="right") - 1
        found: Integers = np.where((place >= 0) & (self.who[place] == who), place, -1) if len(self) else place
        return found


@dataclass(frozen=True, eq=False)
class Visits:
    """Visits of the clinic or the emergency room as columns.

    Attributes:
        who: Place in the people, shape (n,), as all others.
        begins: In seconds since the start.
        ends: As above.
        emergency: Whether to the emergency room.
        residual: What is left of the last admission by then.
    """

    who: Integers
    begins: Integers
    ends: Integers
    emergency: Booleans
    residual: Floats

    def __len__(self) -> int:
        return len(self.who)

    def at(self, rows: "Booleans | Integers") -> "Visits":
        """Some of them."""
        return Visits(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Followed:
    """Admissions, visits, and when each person dies (`NEVER`: not while watched) and was last watched."""

    stays: Stays
    visits: Visits
    dies: Integers
    until: Integers


def followed(people: People, draws: np.random.Generator) -> Followed:
    """Draw all encounters of people, and their deaths."""
    stays = _admitted(people, draws)
    dies = people.dies.copy()
    np.minimum.at(dies, stays.who, stays.dies)
    stays = stays.at(stays.begins < dies[stays.who])
    ends = np.minimum(stays.ends, dies[stays.who])
    stays = Stays(
        **{
            **{field.name: getattr(stays, field.name) for field in fields(stays)},
            "ends": ends,
            "fatal": dies[stays.who] <= ends,
        }
    )
    until = np.minimum(people.leaves, dies)
    np.maximum.at(until, stays.who, np.minimum(stays.ends, END))
    dies = np.where(dies <= until, dies, NEVER)
    return Followed(stays, _visits(people, stays, until, draws), dies, until)


def _yearly(people: People, rates: Floats, draws: np.random.Generator) -> tuple[Integers, Integers]:
    """Who and when, by rates of each year (n, 10), while people are watched."""
    counts = draws.poisson(rates)
    who, year = (np.repeat(place.ravel(), counts.ravel()) for place in np.indices(rates.shape))
    when = ((year + draws.random(len(who))) * YEAR).astype(np.int64) // 60 * 60
    kept = (when >= people.enters[who]) & (when < np.minimum(people.leaves, people.dies)[who]) & (when < END)
    return who[kept], when[kept]


def _has_each_year(people: People) -> Booleans:
    """Shape (n, 10, conditions)."""
    found: Booleans = people.onsets[:, None] <= (np.arange(10) * YEAR)[None, :, None]
    return found


def _admitted(people: People, draws: np.random.Generator) -> Stays:
    """Admissions and the readmissions that follow them, without those that begin in another one."""
    years = np.arange(10)
    age = -people.born[:, None] / YEAR + years
    has = _has_each_year(people)
    rates = 0.06 * np.exp(0.45 * burden(has) + 0.3 * people.frailty[:, None] + 0.012 * (age - 50))
    who, begins = _yearly(people, rates, draws)
    waves = []
    for _ in range(WAVES):
        stays = _course(people, who, begins, draws)
        waves.append(stays)
        weight = burden(people.has(stays.who, stays.begins))
        again = draws.random(len(stays)) < _logistic(-1.75 + 0.8 * stays.residual + 0.18 * weight)
        delay = (draws.exponential(48, len(stays)) * DAY).astype(np.int64) // 60 * 60 + DAY
        begins = stays.ends + delay
        kept = again & (begins < np.minimum(people.leaves[stays.who], END)) & (stays.dies > begins)
        who, begins = stays.who[kept], begins[kept]
    whole = Stays(*(np.concatenate([getattr(wave, field.name) for wave in waves]) for field in fields(Stays)))
    whole = whole.at(np.lexsort((whole.begins, whole.who)))
    return whole.at(_free(whole.who, whole.begins, whole.ends + DAY // 2))


def _course(people: People, who: Integers, begins: Integers, draws: np.random.Generator) -> Stays:
    """What brings people to hospital, how ill they get, and what comes of it."""
    n = len(who)
    has, age = people.has(who, begins), people.age(who, begins)
    weight = burden(has)
    illness = _drawn(_shares(has, age), draws)
    severity = (
        _of("severity")[illness]
        + 0.3 * people.frailty[who]
        + 0.2 * (weight - 0.8)
        + 0.012 * (age - 60)
        + draws.normal(scale=0.8, size=n)
    )
    days = _of("days")[illness] * np.exp(0.28 * severity + draws.normal(scale=0.45, size=n))
    length = (np.clip(days, 0.6, 70) * DAY).astype(np.int64) // 60 * 60
    cared = draws.random(n) < _logistic(_of("intensive")[illness] + 0.9 * severity)
    hours = np.where(cared, 12 + draws.gamma(1.8, 22 * np.exp(0.25 * severity)), 0).astype(np.int64)
    fatal = draws.random(n) < _logistic(-5.0 + 1.35 * severity + 0.03 * (age - 65))
    residual = 0.55 * severity + draws.normal(scale=0.55, size=n)
    doomed = draws.random(n) < _logistic(-4.0 + 1.9 * residual + 0.015 * (age - 70) + 0.4 * weight)
    later = begins + length + (400 * DAY * draws.random(n) ** 1.6).astype(np.int64) // 60 * 60 + DAY
    return Stays(
        who=who,
        illness=illness,
        severity=severity,
        residual=residual,
        begins=begins,
        ends=begins + length,
        intensive=np.minimum(hours, length // 3600 - 2).clip(0),
        fatal=fatal,
        dies=np.where(fatal, begins + length, np.where(doomed, later, NEVER)),
    )


def _visits(people: People, stays: Stays, until: Integers, draws: np.random.Generator) -> Visits:
    """Visits of people who are not in hospital at that time."""
    has = _has_each_year(people)
    ill = has.sum(axis=2)
    planned = (2.0 + 0.75 * ill) * np.exp(0.15 * people.frailty[:, None])
    sudden = 0.14 * np.exp(0.12 * ill + 0.3 * people.frailty[:, None])
    clinic, acute = _yearly(people, planned, draws), _yearly(people, sudden, draws)
    who = np.concatenate([clinic[0], acute[0]])
    emergency = np.arange(len(who)) >= len(clinic[0])
    begins = np.concatenate([clinic[1], acute[1]])
    office = begins // DAY * DAY + (8 * 3600 + draws.integers(0, 9 * 60, len(who)) * 60)
    begins = np.where(emergency, begins, np.maximum(office, people.enters[who]))
    length = np.where(emergency, draws.integers(60, 600, len(who)), draws.integers(10, 60, len(who))) * 60
    last = stays.before(who, begins + length)
    ended = stays.ends[last] if len(stays) else begins
    kept = (begins + length < until[who]) & ((last < 0) | (ended < begins))
    left = stays.residual[last] * np.exp(-(begins - ended) / (120 * DAY)) if len(stays) else np.zeros(len(who))
    residual = np.where(last < 0, 0.0, left)
    whole = Visits(who[kept], begins[kept], (begins + length)[kept], emergency[kept], residual[kept])
    whole = whole.at(np.lexsort((whole.begins, whole.who)))
    return whole.at(_free(whole.who, whole.begins, whole.ends))


def _free(who: Integers, begins: Integers, ends: Integers) -> Booleans:
    """Which of these begin after all that stand before them of the same person have ended; by person and time."""
    free = np.ones(len(who), dtype=bool)
    free[1:] = (who * _PATIENT + begins)[1:] > np.maximum.accumulate(who * _PATIENT + ends)[:-1]
    return free


def _shares(has: Booleans, age: Floats) -> Floats:
    """How likely each illness is the reason of an admission, shape (k, illnesses)."""
    place = {condition.name: column for column, condition in enumerate(CONDITIONS)}
    shares = np.tile(_of("share"), (len(has), 1))
    for column, illness in enumerate(ILLNESSES):
        for name, times in illness.more.items():
            shares[:, column] *= np.where(has[:, place[name]], times, 1.0)
        if illness.name in {"hip", "stroke", "decompensation", "replacement"}:
            shares[:, column] *= _logistic((age - 62) / 6)
    found: Floats = shares / shares.sum(axis=1, keepdims=True)
    return found


def _drawn(shares: Floats, draws: np.random.Generator) -> Integers:
    """One column a row, by its share."""
    above = np.cumsum(shares, axis=1)[:, :-1] < draws.random((len(shares), 1))
    found: Integers = above.sum(axis=1).astype(np.int64)
    return found


def _of(attribute: str) -> Floats:
    return np.array([getattr(illness, attribute) for illness in ILLNESSES], dtype=np.float64)


def _logistic(logits: Floats) -> Floats:
    return 1 / (1 + np.exp(-logits))
