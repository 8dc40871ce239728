"""What of a simulated life stands in the records: facts, visits, admissions, diagnoses, drugs, procedures, death."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bedside.modalities.records.events.schema import BIRTH, DEATH
from bedside.modalities.records.simulate.catalogue import (
    ANCESTRIES,
    CLINIC,
    CLINIC_PROCEDURES,
    COMPLAINTS,
    CONDITIONS,
    DRUGS,
    GASES,
    ILLNESSES,
    INTENSIVE_DRUGS,
    LABORATORY,
    PROCEDURES,
    SMOKING,
    SMOKING_CODE,
    VITALS,
)
from bedside.modalities.records.simulate.encounters import Followed, Stays, Visits
from bedside.modalities.records.simulate.measured import Occasions, in_stays, measure
from bedside.modalities.records.simulate.people import NEVER, People
from bedside.modalities.records.simulate.rows import TIMELESS, Rows
from bedside.types import Booleans, Integers

_HOUR: Final = 3600
_WARDS: Final = ("MEDICAL", "SURGICAL", "CORONARY")
_WENT: Final = ("HOME", "SKILLED_NURSING", "HOSPICE", "DIED")


@dataclass(frozen=True, eq=False)
class _Table:
    """Codes that things lead to: places of codes, and which thing leads to which, shape (things, codes)."""

    codes: Integers
    leads: Booleans

    @classmethod
    def of(cls, rows: Rows, named: Sequence[Sequence[str]], codes: Mapping[str, tuple[str, str]]) -> "_Table":
        names = list(codes)
        leads = np.array([[name in wanted for name in names] for wanted in named])
        return cls(rows.words.all([codes[name][0] for name in names]), leads)


def record(people: People, life: Followed, draws: np.random.Generator) -> Rows:
    """All events of these people."""
    rows = Rows()
    _facts(rows, people, life, draws)
    first = people.subjects * 10_000
    stay_numbers = first[life.stays.who] + 5_000 + _within(life.stays.who)
    visit_numbers = first[life.visits.who] + 1 + _within(life.visits.who)
    _visits(rows, people, life.visits, visit_numbers, draws)
    if len(life.stays):
        _stays(rows, people, life.stays, stay_numbers, draws)
        _given(rows, people, life.stays, stay_numbers, draws)
        _rounds(rows, people, life.stays, stay_numbers, draws)
    return rows


def _within(who: Integers) -> Integers:
    """Of each row, how many rows of the same person stand before it."""
    order = np.argsort(who, kind="stable")
    ordered = who[order]
    found = np.empty(len(who), dtype=np.int64)
    found[order] = np.arange(len(who)) - np.searchsorted(ordered, ordered)
    return found


def _facts(rows: Rows, people: People, life: Followed, draws: np.random.Generator) -> None:
    known = draws.random(len(people)) < 0.995
    sexes = rows.words.all(["SEX//M", "SEX//F"])
    rows.add(people.subjects[known], TIMELESS, sexes[people.female.astype(np.int64)][known], static=True)
    ancestries = rows.words.all([f"ANCESTRY//{name}" for name, _ in ANCESTRIES])
    rows.add(people.subjects, TIMELESS, ancestries[people.ancestry], static=True)
    rows.add(people.subjects, people.born, BIRTH)
    dead = life.dies < NEVER
    rows.add(people.subjects[dead], life.dies[dead], DEATH)


def _visits(rows: Rows, people: People, visits: Visits, numbers: Integers, draws: np.random.Generator) -> None:
    subjects, ends = people.subjects[visits.who], visits.ends
    starts = rows.words.all(["ENCOUNTER_START//AMB", "ENCOUNTER_START//EMER"])
    rows.add(subjects, visits.begins, starts[visits.emergency.astype(np.int64)], encounters=numbers)
    rows.add(subjects, ends, "ENCOUNTER_END//VISIT", encounters=numbers)
    has = people.has(visits.who, ends)
    diagnoses = rows.words.all([condition.code for condition in CONDITIONS])
    _add_where(rows, has & (draws.random(has.shape) < 0.3), diagnoses, subjects, ends, numbers)
    table = _Table.of(rows, [condition.drugs for condition in CONDITIONS], DRUGS)
    wanted = (has @ table.leads) & ~visits.emergency[:, None]
    _add_where(rows, wanted & (draws.random(wanted.shape) < 0.35), table.codes, subjects, ends, numbers)
    complaints = rows.words.all([code for code, _ in COMPLAINTS])
    chosen = complaints[draws.integers(0, len(complaints), len(visits))]
    acute = visits.emergency
    rows.add(subjects[acute], ends[acute], chosen[acute], encounters=numbers[acute])
    for name, share in CLINIC_PROCEDURES:
        done = draws.random(len(visits)) < share
        rows.add(subjects[done], ends[done] - 300, PROCEDURES[name][0], encounters=numbers[done])
    asked = draws.random(len(visits)) < 0.15
    smoking = rows.words.all(SMOKING)[people.smoking[visits.who]]
    rows.add(subjects[asked], visits.begins[asked] + 120, SMOKING_CODE, texts=smoking[asked], encounters=numbers[asked])
    none = np.full(len(visits), -1, dtype=np.int64)
    at = Occasions(visits.who, visits.begins + 300, visits.residual + 0.5 * visits.emergency, none, numbers)
    measure(rows, people, at, VITALS, 0.6, draws)
    measure(rows, people, at, CLINIC, 0.5, draws)
    drawn = np.flatnonzero(draws.random(len(visits)) < np.where(visits.emergency, 0.7, 0.3))
    released = visits.begins[drawn] + draws.integers(40, 300, len(drawn)) * 60
    later = Occasions(visits.who[drawn], released, at.severity[drawn], none[drawn], numbers[drawn])
    measure(rows, people, later, LABORATORY, 0.9, draws)


def _stays(rows: Rows, people: People, stays: Stays, numbers: Integers, draws: np.random.Generator) -> None:
    """Admission, intensive care, discharge and what is coded then."""
    subjects = people.subjects[stays.who]
    rows.add(subjects, stays.begins, "ENCOUNTER_START//IMP", encounters=numbers)
    frail = stays.residual + 0.03 * (people.age(stays.who, stays.ends) - 75) + draws.normal(size=len(stays))
    went = np.select([stays.fatal, frail > 2.4, frail > 1.0], [3, 2, 1], 0)
    ends = rows.words.all([f"ENCOUNTER_END//{name}" for name in _WENT])
    rows.add(subjects, stays.ends, ends[went], encounters=numbers)
    main = rows.words.all([illness.code for illness in ILLNESSES])
    rows.add(subjects, stays.ends, main[stays.illness], encounters=numbers)
    has = people.has(stays.who, stays.begins)
    diagnoses = rows.words.all([condition.code for condition in CONDITIONS])
    _add_where(rows, has & (draws.random(has.shape) < 0.75), diagnoses, subjects, stays.ends, numbers)
    cared = np.flatnonzero(stays.intensive > 0)
    ward = draws.integers(0, len(_WARDS), len(cared))
    begins, until = intensive(stays, cared)
    for word, times in (("ICU_START", begins), ("ICU_END", until)):
        codes = rows.words.all([f"{word}//{name}" for name in _WARDS])
        rows.add(subjects[cared], times, codes[ward], encounters=numbers[cared])
    vented = cared[draws.random(len(cared)) < 1 / (1 + np.exp(1.4 - stays.severity[cared]))]
    rows.add(
        subjects[vented], intensive(stays, vented)[0] + _HOUR, PROCEDURES["ventilation"][0], encounters=numbers[vented]
    )


def intensive(stays: Stays, which: Integers) -> tuple[Integers, Integers]:
    """When intensive care begins and ends, in seconds since the start."""
    begins = np.minimum(stays.begins[which] + 2 * _HOUR, stays.ends[which])
    return begins, np.minimum(begins + stays.intensive[which] * _HOUR, stays.ends[which])


def _given(rows: Rows, people: People, stays: Stays, numbers: Integers, draws: np.random.Generator) -> None:
    """Drugs and procedures of admissions."""
    subjects, length = people.subjects[stays.who], stays.ends - stays.begins
    home = _Table.of(rows, [condition.drugs for condition in CONDITIONS], DRUGS)
    usual = (people.has(stays.who, stays.begins) @ home.leads) & (draws.random((len(stays), len(DRUGS))) < 0.6)
    _add_where(rows, usual, home.codes, subjects, stays.begins + np.minimum(4 * _HOUR, length), numbers)
    acute = _Table.of(rows, [illness.drugs for illness in ILLNESSES], DRUGS)
    for hours in (1, 30, 60):
        given = acute.leads[stays.illness] & (draws.random((len(stays), len(DRUGS))) < 0.85)
        given &= (length > hours * _HOUR)[:, None]
        _add_where(rows, given, acute.codes, subjects, stays.begins + hours * _HOUR, numbers)
    done = _Table.of(rows, [illness.procedures for illness in ILLNESSES], PROCEDURES)
    when = stays.begins + (length * draws.random(len(stays)) * 0.5).astype(np.int64) // 60 * 60
    performed = done.leads[stays.illness] & (draws.random((len(stays), len(PROCEDURES))) < 0.4)
    _add_where(rows, performed, done.codes, subjects, when, numbers)
    cared = np.flatnonzero(stays.intensive > 0)
    drugs = rows.words.all([DRUGS[name][0] for name in INTENSIVE_DRUGS])
    needed = draws.random((len(cared), len(drugs))) < 1 / (1 + np.exp(1.0 - stays.severity[cared]))[:, None]
    begins, until = intensive(stays, cared)
    _add_where(rows, needed, drugs, subjects[cared], np.minimum(begins + 2 * _HOUR, until), numbers[cared])


def _rounds(rows: Rows, people: People, stays: Stays, numbers: Integers, draws: np.random.Generator) -> None:
    """Vital signs and laboratory values of admissions."""
    every = np.arange(len(stays))
    begins, until = intensive(stays, every)
    ward = np.where(stays.intensive > 0, until, stays.begins)
    measure(rows, people, in_stays(stays, numbers, ward, stays.ends, 8, draws), VITALS, 1.0, draws)
    measure(rows, people, in_stays(stays, numbers, begins, until, 2, draws), VITALS, 1.0, draws)
    measure(rows, people, in_stays(stays, numbers, begins, until, 8, draws), GASES, 0.9, draws)
    first = Occasions(
        stays.who, stays.begins + draws.integers(60, 240, len(stays)) * 60, stays.severity, stays.illness, numbers
    )
    measure(rows, people, first, LABORATORY, 1.0, draws)
    measure(rows, people, in_stays(stays, numbers, stays.begins, stays.ends, 24, draws), LABORATORY, 0.8, draws)


def _add_where(
    rows: Rows, mask: Booleans, codes: Integers, subjects: Integers, times: Integers, encounters: Integers
) -> None:
    """One event a true cell of a mask, shape (encounters, codes)."""
    row, column = np.nonzero(mask)
    rows.add(subjects[row], times[row], codes[column], encounters=encounters[row])
