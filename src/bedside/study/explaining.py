"""Explaining a fitted learner on some judged cases, whose outcomes it never sees; stored beside the predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.explain.explainer import Attribution, Check, Course, Explainer, Subject
from bedside.study.folder import canonical, read_json
from bedside.types import Floats, Integers

X = TypeVar("X")

CASES = 200
"""Judged cases that are explained, over all splits of the first repetition."""

FINEST = 32
"""Places along each axis of a map that is kept, at most."""

WORDS = "explanations.json"
VALUES = "explanations.npz"


@dataclass(frozen=True)
class Explaining(Generic[X]):
    """What is to be explained of one split.

    Attributes:
        explainers: Methods that are tried; each applies to some kinds of model.
        cases: Positions of judged samples.
        tests: Whether explanations are tested here; one split is enough.
    """

    explainers: tuple[Explainer[X], ...]
    cases: Integers
    tests: bool


@dataclass(frozen=True, eq=False)
class Explained:
    """Explanations of one learner in one split.

    Attributes:
        cases: Positions of the explained samples, in the order of the attributions' rows.
        attributions: By name of the explainer.
    """

    cases: Integers
    attributions: Mapping[str, Attribution]


def chosen(test: Integers, splits: int, seed: int) -> Integers:
    """Positions of the judged samples that one of so many splits explains, at random, ascending."""
    most = -(-CASES // splits)
    if test.size <= most:
        return test
    rng = np.random.default_rng([seed, *b"explained"])
    return np.sort(rng.choice(test, most, replace=False))


def explain(plan: Explaining[X], subject: Subject[X, Any], samples: Sequence[Sample[X, Any]], seed: int) -> Explained:
    """Every explanation that applies. Of the judged cases only predictors are handed on."""
    cases = [samples[k].predictors for k in plan.cases.tolist()]
    found = {one.name: one.explain(subject, cases, seed=seed, tests=plan.tests) for one in plan.explainers}
    return Explained(plan.cases, {name: each for name, each in found.items() if each is not None})


def write(explained: Explained, where: Path) -> None:
    """Values, maps and courses as NPZ, maps of at most `FINEST` places along each axis; words and checks as JSON."""
    words = {
        name: {"variables": each.variables, "checks": [asdict(check) for check in each.checks]}
        for name, each in explained.attributions.items()
    }
    values: dict[str, NDArray[Any]] = {f"values.{name}": each.values for name, each in explained.attributions.items()}
    values |= {
        f"maps.{name}": reduced(each.maps) for name, each in explained.attributions.items() if each.maps is not None
    }
    for name, each in explained.attributions.items():
        values |= {} if each.courses is None else _joined(each.courses, name)
    with (where / VALUES).open("wb") as handle:
        np.savez(handle, allow_pickle=False, cases=explained.cases, **values)
    (where / WORDS).write_text(canonical(words), "utf-8")


def read(where: Path) -> Explained | None:
    """What `write` wrote; None where nothing was explained."""
    words = read_json(where / WORDS)
    if not isinstance(words, dict):
        return None
    with np.load(where / VALUES, allow_pickle=False) as stored:
        attributions = {
            name: Attribution(
                variables=tuple(told["variables"]),
                values=stored[f"values.{name}"],
                checks=tuple(Check(**check) for check in told["checks"]),
                maps=stored.get(f"maps.{name}"),
                courses=_courses(stored, name),
            )
            for name, told in words.items()
        }
        return Explained(stored["cases"], attributions)


def _joined(courses: Sequence[Course], name: str) -> dict[str, NDArray[Any]]:
    """Courses one after the other, with the number of parts of each."""
    parts = [np.column_stack([one.hours, one.variables, one.values]) for one in courses]
    return {
        f"courses.{name}": np.concatenate(parts) if parts else np.zeros((0, 3)),
        f"lengths.{name}": np.array([len(one.values) for one in courses], dtype=np.int64),
    }


def _courses(stored: Mapping[str, NDArray[Any]], name: str) -> tuple[Course, ...] | None:
    """The inverse of `_joined`; None where no course was told."""
    if f"courses.{name}" not in stored:
        return None
    each = np.split(stored[f"courses.{name}"], np.cumsum(stored[f"lengths.{name}"])[:-1])
    return tuple(Course(one[:, 0], one[:, 1].astype(np.int64), one[:, 2]) for one in each)


def reduced(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps, shape (cases, *grid), as means of neighbouring places, at most `FINEST` along each axis."""
    found: Floats = maps.astype(np.float64)
    for axis in range(1, found.ndim):
        length = found.shape[axis]
        if length > FINEST:
            edges = np.arange(FINEST) * length // FINEST
            sizes = np.diff(np.append(edges, length)).reshape(-1, *(1 for _ in range(found.ndim - axis - 1)))
            found = np.add.reduceat(found, edges, axis=axis) / sizes
    return found.astype(np.float32)
