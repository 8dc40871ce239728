"""The audit of a study before it is trained: what would make its result too good to be true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bedside.data import audit
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import Watching
from bedside.evidence.schema import Finding
from bedside.modalities.modality import Modality, Variable
from bedside.types import Booleans, Floats, Integers


def findings(
    samples: Sequence[Sample[Any, Any]],
    digests: Sequence[bytes],
    modality: Modality[Any],
    endpoint: Endpoint[Any, Any],
    splits: Sequence[tuple[str, Split, Sequence[Sample[Any, Any]], Sequence[bytes]]],
) -> list[Finding]:
    """Everything the audit has to say, clean results included.

    Args:
        samples: The internal cohort.
        digests: Content of each sample's predictors.
        modality: Tells the predictors as columns.
        endpoint: Tells the outcome as classes or numbers.
        splits: Validation name, split, and the samples and digests it indexes.
    """
    found = [*_disguised(samples, modality, endpoint), _twins(samples, digests, endpoint)]
    found += _across(splits, modality)
    future = audit.in_the_future(samples)
    if future:
        text = f"{future} index times lie in the future; check the clock or the date format"
        found.append(Finding(kind="future_index_time", severity="serious", text=text, count=future))
    return found


def _disguised(
    samples: Sequence[Sample[Any, Any]], modality: Modality[Any], endpoint: Endpoint[Any, Any]
) -> list[Finding]:
    answers = _answers([sample.outcome for sample in samples], endpoint)
    variables = modality.variables([sample.predictors for sample in samples])
    found = [finding for answer in answers for finding in _giving_away(variables, answer)]
    if not found and variables:
        text = f"no predictor alone, present or missing, comes near the outcome (limit {audit.NEAR_PERFECT})"
        if not answers:
            text = "not looked for: the outcome is neither one of several classes nor a number"
        found.append(Finding(kind="disguised_outcome", severity="info", text=text, counted="predictors"))
    return found


@dataclass(frozen=True)
class _Answer:
    """What the outcome answers in classes or in numbers, for the cases in which that is known.

    Attributes:
        words: "the outcome", or which part of it, or what came to be known with it.
        rows: Positions of these cases.
        classes, values: One of the two, in the order of the rows.
    """

    words: str
    rows: Integers
    classes: Integers | None = None
    values: Floats | None = None

    @property
    def outcome(self) -> Floats:
        """Class numbers or numbers."""
        return self.values if self.values is not None else np.asarray(self.classes, dtype=np.float64)


def _answers(outcomes: Sequence[Any], endpoint: Endpoint[Any, Any]) -> list[_Answer]:
    found = []
    for question in endpoint.target.questions:
        rows = np.flatnonzero(question.known(outcomes)).astype(np.int64)
        words = f"the outcome {question.name!r}" if question.name else "the outcome"
        found.append(_Answer(words, rows, classes=question.index([outcomes[k] for k in rows.tolist()])))
    everyone = np.arange(len(outcomes), dtype=np.int64)
    if isinstance(endpoint.target, Watching):
        watched = endpoint.target.watched(outcomes)
        came = np.flatnonzero(watched.came)
        found.append(_Answer("how long cases were watched", everyone, values=watched.time))
        found.append(_Answer(f"the time to {watched.what}", came, values=watched.time[came]))
    found += [
        _Answer("the outcome", everyone, values=quantity.values(outcomes)) for quantity in endpoint.target.quantities
    ]
    return found


def _giving_away(variables: Sequence[Variable], answer: _Answer) -> list[Finding]:
    columns = []
    for everyone in variables:
        variable = _of_rows(everyone, answer.rows)
        columns.append((variable.name, _ordered(variable, answer.outcome)))
        missing = _missing(variable)
        if missing.any() and not missing.all():
            columns.append((f"missingness of {variable.name}", missing.astype(np.float64)))
    found = [
        Finding(
            kind="disguised_outcome",
            severity="serious",
            text=(
                f"{suspect.name} alone nearly gives {answer.words} away ({suspect.scale} {suspect.separation:.3f}); "
                "make sure that it is known before the outcome, or exclude it"
            ),
            count=1,
            counted="predictors",
        )
        for suspect in audit.suspects(columns, classes=answer.classes, values=answer.values)
    ]
    told = [pair for pair in columns if not pair[0].startswith("missingness")]
    for name in audit.target_encoded(told, answer.outcome):
        text = f"{name} equals the mean outcome of the cases that share its value: it was made by looking at outcomes"
        found.append(Finding(kind="target_encoding", severity="serious", text=text, count=1, counted="predictors"))
    return found


def _of_rows(variable: Variable, rows: Integers) -> Variable:
    """The same variable of some cases."""
    return replace(
        variable,
        numbers=None if variable.numbers is None else variable.numbers[rows],
        codes=None if variable.codes is None else variable.codes[rows],
    )


def _missing(variable: Variable) -> Booleans:
    if variable.numbers is not None:
        return np.isnan(variable.numbers)
    return np.zeros(0, dtype=bool) if variable.codes is None else variable.codes < 0


def _ordered(variable: Variable, outcome: Floats) -> Floats:
    """Numbers as they are; categories as the mean outcome of their category among the other half of the cases.

    Halves, because a mean that holds or leaves out the case itself would make any rare or near-constant category look
    like the outcome. A category that the other half does not hold counts as missing.
    """
    if variable.numbers is not None:
        return variable.numbers
    if variable.codes is None:
        return np.zeros(0)
    codes = variable.codes.astype(np.int64)
    half = np.random.default_rng(0).permutation(codes.size) % 2 == 0
    encoded = np.full(codes.size, np.nan)
    size = codes.max(initial=0) + 1
    for learned, told in ((half, ~half), (~half, half)):
        known = learned & (codes >= 0)
        count = np.bincount(codes[known], minlength=size)
        total = np.bincount(codes[known], weights=outcome[known], minlength=size)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(count > 0, total / count, np.nan)
        asked = told & (codes >= 0)
        encoded[asked] = mean[codes[asked]]
    return encoded


def _twins(samples: Sequence[Sample[Any, Any]], digests: Sequence[bytes], endpoint: Endpoint[Any, Any]) -> Finding:
    twins = audit.duplicates(samples, digests)
    if not twins.cases:
        text = "no two patients have identical predictors"
        return Finding(kind="duplicate_cases", severity="info", text=text)
    text = f"{twins.cases} cases share all their predictors with a case of another patient"
    # Two who were watched never have the same time: that says nothing against either.
    if twins.conflicting and not isinstance(endpoint.target, Watching):
        text += f"; {twins.conflicting} of them have a twin with another outcome"
    return Finding(kind="duplicate_cases", severity="warning", text=text, count=twins.cases)


def _across(
    splits: Sequence[tuple[str, Split, Sequence[Sample[Any, Any]], Sequence[bytes]]], modality: Modality[Any]
) -> list[Finding]:
    copies: dict[str, int] = {}
    close: dict[str, int] = {}
    shared: dict[str, int] = {}
    asked: dict[str, Callable[[Integers, Integers], int]] = {}
    for name, split, samples, digests in splits:
        copies[name] = copies.get(name, 0) + audit.copies_in_test(split, digests)
        if name not in asked:
            asked[name] = nearness(modality, [sample.predictors for sample in samples])
        learned = np.concatenate([split.development, split.selection, split.calibration])
        close[name] = close.get(name, 0) + asked[name](learned, split.test)
        shared[name] = shared.get(name, 0) + audit.patients_on_both_sides(split, samples)
    found = []
    for name, count in copies.items():
        if count:
            text = f"{name}: {count} judged cases are identical in all predictors to a case that was learned from"
            found.append(Finding(kind="copies_across_partitions", severity="warning", text=text, count=count))
    for name, count in close.items():
        if count:
            text = f"{name}: {count} judged cases differ from a case that was learned from by next to nothing"
            found.append(Finding(kind="near_copies_across_partitions", severity="warning", text=text, count=count))
    for name, count in shared.items():
        severity = "serious" if count else "info"
        text = f"{name}: {count} patients stand on both sides of a split"
        found.append(
            Finding.model_validate({"kind": "patients_across", "severity": severity, "text": text, "count": count})
        )
    return found


def nearness(modality: Modality[Any], predictors: Sequence[Any]) -> Callable[[Integers, Integers], int]:
    """How many judged positions nearly equal a learned one: by the modality's own eye, else by the columns."""
    if modality.near_copies is not None:
        found = modality.near_copies(predictors)
        return lambda learned, judged: int(found(learned, judged).size)
    matrix = side_by_side(modality.variables(predictors), len(predictors))
    return lambda learned, judged: audit.near_copies(matrix, learned, judged)


def side_by_side(variables: Sequence[Variable], cases: int) -> Floats:
    """Numbers and category codes side by side, NaN where missing."""
    columns = []
    for variable in variables:
        if variable.numbers is not None:
            columns.append(variable.numbers)
        elif variable.codes is not None:
            columns.append(np.where(variable.codes < 0, np.nan, variable.codes))
    return np.column_stack(columns) if columns else np.empty((cases, 0))
