"""How unlike development the judged cases are: predictors, missingness and outcome."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import outcomes_by_case
from bedside.evidence.schema import Shift
from bedside.modalities.modality import Modality, Variable
from bedside.study.job import Division
from bedside.study.suppression import SmallCells
from bedside.types import Booleans, Floats, Integers

Few: TypeAlias = Callable[[Integers], bool]
"""Whether these samples are of fewer patients than may be shown."""

Statistic = Literal["standardised mean difference", "total variation", "missing share", "outcome share"]


def shift(
    division: Division, modality: Modality[Any], endpoint: Endpoint[Any, Any], cells: SmallCells
) -> tuple[Shift, ...]:
    """Differences between what was learned from and what was judged, for splits that are not random folds.

    A standardised mean difference divides by the pooled standard deviation (Austin 2009, Stat Med 28:3083); total
    variation is half the summed absolute difference of category shares; shares are judged minus learned, and left out
    where they would give a small number of patients away.
    """
    if division.validation.partition == "out_of_fold":
        return ()
    variables = modality.variables([sample.predictors for sample in division.samples])
    patient = np.array([str(sample.patient) for sample in division.samples])

    def few(rows: Integers) -> bool:
        return cells.applies and cells.is_small(int(np.unique(patient[rows]).size))

    found: list[Shift] = []
    for number, split in enumerate(division.splits):
        stand = division.weighed(number, "development", "selection", "calibration"), division.weighed(number, "test")
        learned = np.concatenate([split.development, split.selection, split.calibration])
        for variable in variables:
            for statistic, value in _differences(variable, learned, split.test, few):
                found.append(_row(division, split.name, variable.name, statistic, value))
        found += [
            _row(division, split.name, name, statistic, value)
            for name, statistic, value in _outcome(division.samples, endpoint, (learned, split.test), stand, few)
        ]
    return tuple(found)


def _row(division: Division, split: str, variable: str, statistic: Statistic, value: float) -> Shift:
    name = division.validation.name
    return Shift(validation=name, split=split, variable=variable, statistic=statistic, value=value)


def _differences(variable: Variable, learned: Integers, judged: Integers, few: Few) -> list[tuple[Statistic, float]]:
    found: list[tuple[Statistic, float]] = []
    if variable.numbers is not None:
        a, b = variable.numbers[learned], variable.numbers[judged]
        missing = np.isnan(a), np.isnan(b)
        value = _standardised(a[~missing[0]], b[~missing[1]])
        if value is not None:
            found.append(("standardised mean difference", value))
    elif variable.codes is not None:
        a, b = variable.codes[learned], variable.codes[judged]
        missing = a < 0, b < 0
        known = a[~missing[0]].astype(np.int64), b[~missing[1]].astype(np.int64)
        if known[0].size and known[1].size:
            size = len(variable.categories)
            shares = [np.bincount(part, minlength=size) / part.size for part in known]
            found.append(("total variation", float(np.abs(shares[1] - shares[0]).sum() / 2)))
    else:
        return found
    small = few(learned[missing[0]]) or few(judged[missing[1]])
    if (missing[0].any() or missing[1].any()) and not small:
        found.append(("missing share", float(missing[1].mean() - missing[0].mean())))
    return found


def _standardised(a: Floats, b: Floats) -> float | None:
    if a.size < 2 or b.size < 2:
        return None
    spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    return float((b.mean() - a.mean()) / spread) if spread > 0 else None


def _outcome(
    samples: Sequence[Sample[Any, Any]],
    endpoint: Endpoint[Any, Any],
    parts: tuple[Integers, Integers],
    stand: tuple[Floats, Floats],
    few: Few,
) -> list[tuple[str, Statistic, float]]:
    """Of those learned from and those judged, each standing for as many cases as its weight says.

    Shares of classes are among cases that hold an answer, that of cases without one among all.
    """
    outcomes = [[samples[k].outcome for k in part.tolist()] for part in parts]
    found: list[tuple[str, Statistic, float]] = []
    classes = [outcomes_by_case(endpoint.target, part) for part in outcomes]
    unanswered = endpoint.target.questions[0].unanswered if len(endpoint.target.questions) == 1 else ""
    if not any(few(rows[of]) for rows, by in zip(parts, classes, strict=True) for of in by.values()):
        for name in classes[0]:
            shares = [_share(by, name, unanswered, weights) for by, weights in zip(classes, stand, strict=True)]
            if np.isfinite(shares).all():
                found.append((f"outcome: {name}", "outcome share", shares[1] - shares[0]))
    for quantity in endpoint.target.quantities:
        value = _standardised(quantity.values(outcomes[0]), quantity.values(outcomes[1]))
        if value is not None:
            found.append(("outcome", "standardised mean difference", value))
    return found


def _share(classes: Mapping[str, Booleans], name: str, unanswered: str, weights: Floats) -> float:
    """Weight of a class among those that hold an answer, or of those without one among all; NaN without any."""
    among = np.ones(weights.size, dtype=np.bool_)
    if unanswered and name != unanswered:
        among = ~classes[unanswered]
    total = float(weights[among].sum())
    return float(weights[classes[name]].sum()) / total if total else float("nan")
