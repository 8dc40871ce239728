"""Table 1: attributes and predictors of everyone, by outcome and by partition."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from bedside.data.bands import in_order
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import outcomes_by_case
from bedside.evidence.schema import Characteristic
from bedside.modalities.modality import Modality, Variable
from bedside.stats.disclosure import Sum
from bedside.study.suppression import SMALL_GROUP, SmallCells
from bedside.types import Booleans, Floats, Integers

MOST_CATEGORIES = 12
"""Rarer categories of a variable are counted together as "other"."""

EVERYTHING = SmallCells()
"""Withholds nothing."""

_ALL, _MISSING, _KNOWN = "\0all", "\0missing", "\0known"

TableCell: TypeAlias = tuple[str, str, str]
"""Variable, category (or one of the three above) and group."""


@dataclass(frozen=True)
class TableOne:
    """Table 1 of a cohort.

    Attributes:
        samples: The cohort.
        modality: Tells the predictors as columns.
        endpoint: Tells the outcome as classes; groups by outcome are given for six classes or fewer.
        subgroups: Attributes that are described beside the predictors.
        splits: Of the primary validation; groups by partition are given for a single split.
        cells: Which counts may be shown.
    """

    samples: Sequence[Sample[Any, Any]]
    modality: Modality[Any]
    endpoint: Endpoint[Any, Any]
    subgroups: Sequence[str]
    splits: Sequence[Split]
    cells: SmallCells = EVERYTHING

    @cached_property
    def rows(self) -> tuple[Characteristic, ...]:
        """One row for each variable (category) and group."""
        found: list[Characteristic] = []
        for variable in self._variables:
            for group, rows in self._groups:
                many = _numbers if variable.numbers is not None else _counts
                found += many(variable, group, rows)
        return tuple(self._shown(row) for row in found) if self.cells.applies else tuple(found)

    def withheld(self, attribute: str, group: str) -> set[str]:
        """Groups (`sex=female`) of a described attribute whose count is withheld in one column of the table."""
        column = _ALL if group == "all" else group
        return {
            f"{attribute}={category}"
            for variable, category, place in self._hidden
            if variable == attribute and place == column and category not in (_MISSING, _KNOWN, "")
        }

    @cached_property
    def _variables(self) -> list[Variable]:
        variables = [_attribute(self.samples, name) for name in self.subgroups]
        named = {variable.name for variable in variables}
        predictors = self.modality.variables([sample.predictors for sample in self.samples])
        return variables + [variable for variable in predictors if variable.name not in named]

    @cached_property
    def _groups(self) -> list[tuple[str, Integers]]:
        groups = [("all", np.arange(len(self.samples), dtype=np.int64))]
        classes = outcomes_by_case(self.endpoint.target, [sample.outcome for sample in self.samples])
        if len(classes) <= 6:
            groups += [(f"outcome={name}", np.flatnonzero(of).astype(np.int64)) for name, of in classes.items()]
        if len(self.splits) == 1:
            split = self.splits[0]
            tuning = np.concatenate([split.selection, split.calibration])
            for name, rows in (("development", split.development), ("tuning", tuning), ("test", split.test)):
                if rows.size:
                    groups.append((name, rows))
        return groups

    @cached_property
    def _hidden(self) -> Mapping[TableCell, str]:
        """What stands for each cell that is withheld."""
        if not self.cells.applies:
            return {}
        _, patient = np.unique([str(sample.patient) for sample in self.samples], return_inverse=True)
        people: dict[TableCell, int] = {}
        sums: list[Sum[TableCell]] = []
        for group, rows in self._groups:
            people["", "", _column(group)] = int(np.unique(patient[rows]).size)
        sums += self._across("", "")
        for variable in self._variables:
            masks = _masks(variable)
            for group, rows in self._groups:
                for category, mask in masks.items():
                    inside = rows[mask[rows]]
                    people[variable.name, category, _column(group)] = int(np.unique(patient[inside]).size)
                column = _column(group)
                parts = tuple((variable.name, category, column) for category in masks)
                # How many numbers are known is not printed: it matters only where what is missing would tell it.
                if variable.numbers is None or self.cells.is_small(people[variable.name, _KNOWN, column]):
                    sums.append(Sum(parts, ("", "", column)))
            for category in masks:
                sums += self._across(variable.name, category) if category != _KNOWN else []
        return self.cells.withheld(people, sums)

    def _across(self, variable: str, category: str) -> list[Sum[TableCell]]:
        """Outcomes, and partitions, each make up everyone."""
        names = [name for name, _ in self._groups[1:]]
        # Several findings may coexist, and make up nothing.
        parted = len(self.endpoint.target.questions) == 1
        outcomes = [n for n in names if n.startswith("outcome=")] if parted else []
        families = (outcomes, [n for n in names if "=" not in n])
        whole = (variable, category, _ALL)
        return [Sum(tuple((variable, category, name) for name in family), whole) for family in families if family]

    def _shown(self, row: Characteristic) -> Characteristic:
        column = _column(row.group)
        category = _KNOWN if row.category is None else row.category
        size = self._hidden.get(("", "", column))
        missing = self._hidden.get((row.variable, _MISSING, column))
        here = self._hidden.get((row.variable, category, column))
        found: dict[str, Any] = {} if size is None else {"cases": size}
        if missing is not None:
            found["missing"] = missing
        if here is not None and row.category is not None:
            found["count"] = here
        elif here == self.cells.small:
            found |= {"median": None, "low_quartile": None, "high_quartile": None, "reason": SMALL_GROUP}
        return row.model_copy(update=found)


def _column(group: str) -> str:
    return _ALL if group == "all" else group


def _masks(variable: Variable) -> dict[str, Booleans]:
    """Who is in each category, in none that is known, or has a known number; together they are everyone."""
    if variable.numbers is not None:
        missing = np.isnan(variable.numbers)
        return {_KNOWN: ~missing, _MISSING: missing}
    if variable.codes is None:
        return {}
    found = {category: variable.codes == codes for category, codes in _single(variable)}
    rest = ~np.any([variable.codes < 0, *found.values()], axis=0)
    other = _other(variable)
    return {**found, **({other: rest} if other else {}), _MISSING: variable.codes < 0}


def _single(variable: Variable) -> list[tuple[str, int]]:
    """The most frequent categories, in the variable's order, with their codes."""
    overall = _overall(variable)
    return [
        (variable.categories[k], k) for k in sorted(sorted(overall, key=lambda k: (-overall[k], k))[:MOST_CATEGORIES])
    ]


def _other(variable: Variable) -> str:
    """What rarer categories are called together; "" where there are none."""
    rarer = len(_overall(variable)) - MOST_CATEGORIES
    return f"other ({rarer} categories)" if rarer > 0 else ""


def _overall(variable: Variable) -> Counter[int]:
    every = np.full(0, -1.0) if variable.codes is None else variable.codes
    return Counter(every[every >= 0].astype(int).tolist())


def _attribute(samples: Sequence[Sample[Any, Any]], name: str) -> Variable:
    words = [sample.attributes.get(name) for sample in samples]
    categories = tuple(in_order({word for word in words if word is not None}))
    number = {word: k for k, word in enumerate(categories)}
    codes = np.array([-1 if word is None else number[word] for word in words], dtype=np.float64)
    return Variable(name, "", codes=codes, categories=categories)


def _numbers(variable: Variable, group: str, rows: Integers) -> list[Characteristic]:
    column: Floats = np.empty(0) if variable.numbers is None else variable.numbers[rows]
    known = column[~np.isnan(column)]
    quartiles: list[float | None] = [None, None, None]
    if known.size:
        quartiles = [float(value) for value in np.quantile(known, [0.25, 0.5, 0.75])]
    return [
        Characteristic(
            variable=variable.name,
            group=group,
            cases=int(rows.size),
            missing=int(rows.size - known.size),
            low_quartile=quartiles[0],
            median=quartiles[1],
            high_quartile=quartiles[2],
            unit=variable.unit,
        )
    ]


def _counts(variable: Variable, group: str, rows: Integers) -> list[Characteristic]:
    codes = np.full(rows.size, -1.0) if variable.codes is None else variable.codes[rows]
    counts = Counter(codes.astype(int).tolist())
    single = _single(variable)
    rows_found = [(category, counts.get(k, 0)) for category, k in single]
    other, shown = _other(variable), {k for _, k in single}
    if other:
        rows_found.append((other, sum(count for k, count in counts.items() if k >= 0 and k not in shown)))
    return [
        Characteristic(
            variable=variable.name,
            category=category,
            group=group,
            cases=int(rows.size),
            missing=counts.get(-1, 0),
            count=count,
            unit=variable.unit,
        )
        for category, count in rows_found
    ]
