"""The sizes of partitions and their outcome."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Watching, outcomes_by_case
from bedside.evidence.count import WITHHELD
from bedside.evidence.participants import Follow
from bedside.evidence.schema import Partition
from bedside.stats.disclosure import Sum
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.study.cohort import patients_of
from bedside.study.suppression import SmallCells
from bedside.types import Floats

PARTITIONS = ("development", "selection", "calibration", "test")

EVERYTHING = SmallCells()
"""Withholds nothing."""

PartitionCell: TypeAlias = tuple[str, str, str]
"""Split, partition and outcome word; "" for all outcomes."""


def partitions(
    validation: str,
    splits: Sequence[Split],
    samples: Sequence[Sample[Any, Any]],
    endpoint: Endpoint[Any, Any],
    *,
    cells: SmallCells = EVERYTHING,
    whole: bool = True,
) -> list[Partition]:
    """Size and outcome of every partition of every split.

    Args:
        validation: Its name.
        splits: Its splits.
        samples: What the splits index.
        endpoint: Tells the outcome in words.
        cells: Which counts may be shown.
        whole: Whether the test partitions of all splits (of one repetition) make up the cohort.
    """
    found: list[Partition] = []
    people: dict[PartitionCell, int] = {}
    for split in splits:
        for name in PARTITIONS:
            members = [samples[k] for k in getattr(split, name).tolist()]
            if not members:
                continue
            people |= {(split.name, name, word): n for word, n in _people(members, endpoint).items()}
            found.append(
                Partition.model_validate(
                    {
                        "validation": validation,
                        "split": split.name,
                        "partition": name,
                        "cases": len(members),
                        "patients": people[split.name, name, ""],
                        "outcome": outcome_summary(members, endpoint),
                        "watched": _watched(members, endpoint, cells),
                    }
                )
            )
    parted = len(endpoint.target.questions) == 1
    hidden = cells.withheld(people, _partition_sums(people, splits, whole=whole, parted=parted))
    words = {word for _, _, word in people}
    return [_shown(row, hidden, words) for row in found]


def _watched(members: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any], cells: SmallCells) -> Follow | None:
    """How long these cases were watched and to how many the outcome came; None where nobody is watched for it."""
    if not isinstance(endpoint.target, Watching):
        return None
    found = endpoint.target.watched([sample.outcome for sample in members])
    came = patients_of([members[k] for k in np.flatnonzero(found.came).tolist()])
    stayed = patients_of(members) - came
    hidden = cells.applies and (cells.is_small(came) or cells.is_small(stayed))
    # Reverse Kaplan and Meier: an event ends a watch that would have gone on (Schemper and Smith 1996).
    left = curve(Times.of(found.time, found.free.astype(np.int64)), 1, None, np.unique(found.time))[0]
    half = np.flatnonzero(left >= 0.5)
    return Follow(
        what=found.what,
        events=(cells.small if cells.is_small(came) else WITHHELD) if hidden else int(found.came.sum()),
        median=float(np.unique(found.time)[half[0]]) if half.size else None,
        unit=found.unit,
    )


def _people(members: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any]) -> dict[str, int]:
    """Patients, in all (under "") and with each outcome."""
    people = {"": patients_of(members)}
    for word, of in outcomes_by_case(endpoint.target, [sample.outcome for sample in members]).items():
        people[word] = patients_of([members[k] for k in np.flatnonzero(of).tolist()])
    return people


def _partition_sums(
    people: Mapping[PartitionCell, int], splits: Sequence[Split], *, whole: bool, parted: bool
) -> list[Sum[PartitionCell]]:
    """Outcomes make up a partition (`parted`), partitions a split, the tests of a repetition the cohort (`whole`)."""
    words = list(dict.fromkeys(word for _, _, word in people))
    sums: list[Sum[PartitionCell]] = []
    for split in splits:
        for name in PARTITIONS:
            size = (split.name, name, "")
            if parted:
                sums.append(Sum(tuple((split.name, name, word) for word in words if word), size))
        sums += [Sum(tuple((split.name, name, word) for name in PARTITIONS)) for word in words]
    if whole:
        for repeat in sorted({split.repeat for split in splits}):
            names = [split.name for split in splits if split.repeat == repeat]
            sums += [Sum(tuple((name, "test", word) for name in names)) for word in words]
    return sums


def _shown(row: Partition, hidden: Mapping[PartitionCell, str], words: Collection[str]) -> Partition:
    """The row without what is withheld; a number's moments are withheld with its size."""
    size = hidden.get((row.split, row.partition, ""))
    outcome = {word: hidden.get((row.split, row.partition, word), n) for word, n in row.outcome.items()}
    if size is None:
        return row.model_copy(update={"outcome": outcome})
    counts = {word: n for word, n in outcome.items() if word in words}
    watched = row.watched and row.watched.model_copy(update={"events": size, "median": None})
    return row.model_copy(update={"cases": size, "patients": size, "outcome": counts, "watched": watched})


def outcome_summary(samples: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any]) -> dict[str, float]:
    """Counts by outcome word, or moments of a number."""
    outcomes = [sample.outcome for sample in samples]
    found = {word: float(of.sum()) for word, of in outcomes_by_case(endpoint.target, outcomes).items()}
    for question in endpoint.target.questions:
        unknown = float((~question.known(outcomes)).sum())
        if unknown:
            found[question.unanswered] = unknown
    for quantity in endpoint.target.quantities:
        found |= _moments(quantity.values(outcomes))
    return found


def _moments(values: Floats) -> dict[str, float]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "sd": spread,
        "low_quartile": float(low),
        "median": float(middle),
        "high_quartile": float(high),
    }
