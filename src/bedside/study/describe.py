"""Table 1 and the sizes of partitions."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.endpoint import Categorical, Endpoint
from bedside.evidence.schema import Characteristic, Partition
from bedside.modalities.modality import Modality, Variable
from bedside.study.cohort import patients_of
from bedside.types import Floats, Integers

MOST_CATEGORIES = 12
"""Rarer categories of a variable are counted together as "other"."""


def partitions(
    validation: str, splits: Sequence[Split], samples: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any]
) -> list[Partition]:
    """Size and outcome of every partition of every split."""
    found = []
    for split in splits:
        for name in ("development", "selection", "calibration", "test"):
            members = [samples[k] for k in getattr(split, name).tolist()]
            if not members:
                continue
            found.append(
                Partition.model_validate(
                    {
                        "validation": validation,
                        "split": split.name,
                        "partition": name,
                        "cases": len(members),
                        "patients": patients_of(members),
                        "outcome": outcome_summary(members, endpoint),
                    }
                )
            )
    return found


def outcome_summary(samples: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any]) -> dict[str, float]:
    """Counts by outcome word, or moments of a number."""
    outcomes = [sample.outcome for sample in samples]
    if isinstance(endpoint.target, Categorical):
        counts = np.bincount(endpoint.target.index(outcomes), minlength=len(endpoint.target.classes))
        return {name: float(count) for name, count in zip(endpoint.target.classes, counts.tolist(), strict=True)}
    values = endpoint.target.values(outcomes)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "sd": spread,
        "low_quartile": float(low),
        "median": float(middle),
        "high_quartile": float(high),
    }


def characteristics(
    samples: Sequence[Sample[Any, Any]],
    modality: Modality[Any],
    endpoint: Endpoint[Any, Any],
    subgroups: Sequence[str],
    splits: Sequence[Split],
) -> list[Characteristic]:
    """Table 1: attributes and predictors for everyone, by outcome and, for a single split, by partition."""
    groups = _groups(samples, endpoint, splits)
    variables = [_attribute(samples, name) for name in subgroups]
    named = {variable.name for variable in variables}
    predictors = modality.variables([sample.predictors for sample in samples])
    variables += [variable for variable in predictors if variable.name not in named]
    found = []
    for variable in variables:
        for group, rows in groups:
            found += _numbers(variable, group, rows) if variable.numbers is not None else _counts(variable, group, rows)
    return found


def _groups(
    samples: Sequence[Sample[Any, Any]], endpoint: Endpoint[Any, Any], splits: Sequence[Split]
) -> list[tuple[str, Integers]]:
    groups = [("all", np.arange(len(samples), dtype=np.int64))]
    if isinstance(endpoint.target, Categorical) and len(endpoint.target.classes) <= 6:
        index = endpoint.target.index([sample.outcome for sample in samples])
        for k, name in enumerate(endpoint.target.classes):
            groups.append((f"outcome={name}", np.flatnonzero(index == k).astype(np.int64)))
    if len(splits) == 1:
        split = splits[0]
        tuning = np.concatenate([split.selection, split.calibration])
        for name, rows in (("development", split.development), ("tuning", tuning), ("test", split.test)):
            if rows.size:
                groups.append((name, rows))
    return groups


def _attribute(samples: Sequence[Sample[Any, Any]], name: str) -> Variable:
    words = [sample.attributes.get(name) for sample in samples]
    categories = tuple(sorted({word for word in words if word is not None}))
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
    every = np.full(0, -1.0) if variable.codes is None else variable.codes
    overall = Counter(every[every >= 0].astype(int).tolist())
    shown = sorted(sorted(overall, key=lambda k: (-overall[k], k))[:MOST_CATEGORIES])
    counts = Counter(codes.astype(int).tolist())
    rows_found = [(variable.categories[k], counts.get(k, 0)) for k in shown]
    if len(overall) > len(shown):
        rest = sum(count for k, count in counts.items() if k >= 0 and k not in shown)
        rows_found.append((f"other ({len(overall) - len(shown)} categories)", rest))
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
