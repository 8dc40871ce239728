"""The audit of a study before it is trained: what would make its result too good to be true."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bedside.data import audit
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.endpoint import Categorical, Endpoint
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
    found = [*_disguised(samples, modality, endpoint), _twins(samples, digests)]
    found += _across(splits)
    future = audit.in_the_future(samples)
    if future:
        text = f"{future} index times lie in the future; check the clock or the date format"
        found.append(Finding(kind="future_index_time", severity="serious", text=text, count=future))
    return found


def _disguised(
    samples: Sequence[Sample[Any, Any]], modality: Modality[Any], endpoint: Endpoint[Any, Any]
) -> list[Finding]:
    outcomes = [sample.outcome for sample in samples]
    classes: Integers | None = None
    values: Floats | None = None
    if isinstance(endpoint.target, Categorical):
        classes = endpoint.target.index(outcomes)
    else:
        values = endpoint.target.values(outcomes)
    columns = []
    for variable in modality.variables([sample.predictors for sample in samples]):
        columns.append((variable.name, _ordered(variable, classes, values)))
        missing = _missing(variable)
        if missing.any() and not missing.all():
            columns.append((f"missingness of {variable.name}", missing.astype(np.float64)))
    found = [
        Finding(
            kind="disguised_outcome",
            severity="serious",
            text=(
                f"{suspect.name} alone nearly gives the outcome away ({suspect.scale} {suspect.separation:.3f}); make "
                "sure that it is known before the outcome, or exclude it"
            ),
            count=1,
        )
        for suspect in audit.suspects(columns, classes=classes, values=values)
    ]
    if not found and columns:
        text = f"no predictor alone, present or missing, comes near the outcome (limit {audit.NEAR_PERFECT})"
        found.append(Finding(kind="disguised_outcome", severity="info", text=text))
    return found


def _missing(variable: Variable) -> Booleans:
    if variable.numbers is not None:
        return np.isnan(variable.numbers)
    return np.zeros(0, dtype=bool) if variable.codes is None else variable.codes < 0


def _ordered(variable: Variable, classes: Integers | None, values: Floats | None) -> Floats:
    """Numbers as they are; categories as the mean outcome of the others in their category, NaN where missing or alone.

    Leaving the case itself out keeps a column of rare categories (an identifier) from looking like the outcome.
    """
    if variable.numbers is not None:
        return variable.numbers
    if variable.codes is None:
        return np.zeros(0)
    outcome = values if values is not None else np.asarray(classes, dtype=np.float64)
    known = variable.codes >= 0
    codes = np.where(known, variable.codes, 0).astype(np.int64)
    size = np.bincount(codes[known], minlength=codes.max(initial=0) + 1)[codes]
    total = np.bincount(codes[known], weights=outcome[known], minlength=codes.max(initial=0) + 1)[codes]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (total - outcome) / (size - 1)
    return np.where(known & (size > 1), mean, np.nan)


def _twins(samples: Sequence[Sample[Any, Any]], digests: Sequence[bytes]) -> Finding:
    twins = audit.duplicates(samples, digests)
    if not twins.cases:
        text = "no two patients have identical predictors"
        return Finding(kind="duplicate_cases", severity="info", text=text)
    text = f"{twins.cases} cases share all their predictors with a case of another patient"
    if twins.conflicting:
        text += f"; {twins.conflicting} of them have a twin with another outcome"
    return Finding(kind="duplicate_cases", severity="warning", text=text, count=twins.cases)


def _across(splits: Sequence[tuple[str, Split, Sequence[Sample[Any, Any]], Sequence[bytes]]]) -> list[Finding]:
    copies: dict[str, int] = {}
    shared: dict[str, int] = {}
    for name, split, samples, digests in splits:
        copies[name] = copies.get(name, 0) + audit.copies_in_test(split, digests)
        shared[name] = shared.get(name, 0) + audit.patients_on_both_sides(split, samples)
    found = []
    for name, count in copies.items():
        if count:
            text = f"{name}: {count} judged cases are identical in all predictors to a case that was learned from"
            found.append(Finding(kind="copies_across_partitions", severity="warning", text=text, count=count))
    for name, count in shared.items():
        severity = "serious" if count else "info"
        text = f"{name}: {count} patients stand on both sides of a split"
        found.append(
            Finding.model_validate({"kind": "patients_across", "severity": severity, "text": text, "count": count})
        )
    return found
