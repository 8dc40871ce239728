"""A paired contrast between learners of two runs that judged the same cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bedside.endpoints.columns import case_bytes
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.measure import Difference, Measure
from bedside.errors import RunMismatch, StatisticsError
from bedside.evidence.schema import Evidence
from bedside.stats.bootstrap import bootstrap, percentile_interval, two_sided_p
from bedside.study import arrays
from bedside.study.folder import RunFolder
from bedside.study.judged import Chosen
from bedside.types import Floats, Integers

LEVEL = 0.95


@dataclass(frozen=True)
class Judgements:
    """What one learner's judged cases add to one measure, in the primary validation of a run.

    Attributes:
        samples: Key of the sample of each judged row; a sample occurs once a repetition.
        outcomes: What is equal where outcomes are, one a row.
        patient: Patient code of each row, shape (n,).
        chosen: The measure as a function of weights over the rows.
    """

    samples: tuple[str, ...]
    outcomes: Sequence[bytes]
    patient: Integers
    chosen: Chosen


def read(folder: Path, evidence: Evidence, endpoint: Endpoint[Any, Any], learner: str, measure: str) -> Judgements:
    """Read one learner's judgements of a finished run.

    Raises:
        RunMismatch: The tables beside the evidence are not there.
    """
    run = RunFolder(folder)
    path = run.contributions / f"{measure}.parquet"
    if not run.predictions.is_file() or not path.is_file():
        msg = f"{folder} lacks predictions.parquet or contributions/{measure}.parquet; run the study again"
        raise RunMismatch(msg)
    mine = (pc.field("validation") == evidence.study.primary_validation) & (pc.field("learner") == learner)
    predictions, added = pq.read_table(run.predictions, filters=mine), pq.read_table(path, filters=mine)
    primary = evidence.study.primary_validation
    told = list(zip(predictions.column("split").to_pylist(), predictions.column("sample").to_pylist(), strict=True))
    cells: dict[str, dict[str, Floats]] = {
        kind: {
            name.removeprefix(f"{kind}."): predictions.column(name).to_numpy()
            for name in predictions.column_names
            if name.startswith(f"{kind}.")
        }
        for kind in ("outcome", "prediction")
    }
    further = {
        kind: arrays.read(run.arrays, primary, who, told) for kind, who in (("outcome", ""), ("prediction", learner))
    }
    measured = _measure(endpoint, {kind: {**cells[kind], **further[kind]} for kind in cells}, measure)
    splits = next(each.splits for each in evidence.validations if each.primary)
    number = {name: k for k, name in enumerate(splits)}
    fold = np.array([number[name] for name in predictions.column("split").to_pylist()], dtype=np.int64)
    case = added.column("case").to_numpy().astype(np.int64)
    rows = np.column_stack([added.column(name).to_numpy() for name in measured.columns])
    weights = predictions.column("weight").to_numpy() if "weight" in predictions.column_names else None
    return Judgements(
        samples=tuple(predictions.column("sample").to_pylist()),
        outcomes=case_bytes({**cells["outcome"], **further["outcome"]}),
        patient=predictions.column("patient").to_numpy().astype(np.int64),
        chosen=Chosen(measured, rows, case, fold, weights),
    )


def contrast(one: Judgements, other: Judgements, *, replicates: int, seed: int) -> Difference:
    """The difference (one minus other) under the same bootstrap of patients; fitted models are taken as given.

    Raises:
        StatisticsError: The runs judged different cases, or the measure is not defined for both.
    """
    if not _same(one, other):
        msg = "the runs judged different cases, so that there is no pair to compare"
        raise StatisticsError(msg)
    value = _plain(one) - _plain(other)
    if not np.isfinite(value):
        msg = "the measure is not defined for both learners"
        raise StatisticsError(msg)
    drawn = [bootstrap([each.chosen], each.patient, replicates, seed)[0] for each in (one, other)]
    differences = drawn[0] - drawn[1]
    limits = percentile_interval(differences, LEVEL)
    method = f"paired {limits.method}, {replicates} replicates; fitted models taken as given"
    p = two_sided_p(differences) if one.chosen.measure.tested else None
    return Difference(value, limits.low, limits.high, p, method)


def _measure(endpoint: Endpoint[Any, Any], cells: Mapping[str, Mapping[str, Any]], name: str) -> Measure[Any, Any]:
    """The measure's statistic; what was fixed on tuning data already is in the stored contributions."""
    outcomes, predictions = endpoint.restore_outcomes(cells["outcome"]), endpoint.restore(cells["prediction"])
    measures = endpoint.measures(Reference(outcomes, outcomes, predictions))
    return next(measure for measure in measures if measure.name == name)


def _same(one: Judgements, other: Judgements) -> bool:
    if len(one.samples) != len(other.samples):
        return False
    first, second = (np.argsort(np.array(each.samples), kind="stable") for each in (one, other))
    return (
        [one.samples[k] for k in first.tolist()] == [other.samples[k] for k in second.tolist()]
        and np.array_equal(one.patient[first], other.patient[second])
        and [one.outcomes[k] for k in first.tolist()] == [other.outcomes[k] for k in second.tolist()]
    )


def _plain(judgements: Judgements) -> float:
    return float(judgements.chosen(np.ones((1, judgements.chosen.cases)))[0])
