"""That what is about to be served predicts what was judged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bedside.endpoints.columns import Columns, flat, ragged
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ReleaseRefused
from bedside.evidence.release import Equality
from bedside.study.job import Division
from bedside.training.learner import Fitted
from bedside.types import Floats

TOLERANCE = 1e-4
"""Of every number of a prediction, absolute up to 1 and relative above; of labels, the share that may be off."""


def compared(
    members: Sequence[Fitted[Any, Any]],
    division: Division,
    endpoint: Endpoint[Any, Any],
    predictions: Path,
    *,
    learner: str,
    arrays: Sequence[Sequence[Any]] = (),
) -> Equality:
    """Predict every judged case again and compare with predictions.parquet.

    Args:
        members: As they will be served, one a split.
        division: The primary validation.
        endpoint: Tells predictions as cells.
        predictions: predictions.parquet of the run.
        learner: Whose predictions they are.
        arrays: Judged predictions by split, for outcomes whose predictions are arrays, which no flat table holds.

    Raises:
        ReleaseRefused: One differs by more than the tolerance, or the table does not hold the judged cases.
    """
    largest, cases = 0.0, 0
    for number, (member, split) in enumerate(zip(members, division.splits, strict=True)):
        samples = [division.samples[k] for k in split.test.tolist()]
        cells = endpoint.cells(member.predict([sample.predictors for sample in samples]))
        keys = [str(sample.key) for sample in samples]
        stored = _stored(predictions, division.validation.name, split.name, learner, keys)
        for name, column in flat(cells).items():
            largest = max(largest, _away(column, stored[f"prediction.{name}"]))
        if ragged(cells):
            largest = max(largest, _arrays_away(cells, endpoint.cells(list(arrays[number]))))
        cases += len(samples)
        if not largest <= TOLERANCE:
            msg = (
                f"what would be served of {learner!r} is not what was judged: in {split.name} predictions differ by up "
                f"to {largest:.3g}, allowed are {TOLERANCE:g}; nothing was released. Release on the machine that ran "
                "the study, or run it again here"
            )
            raise ReleaseRefused(msg)
    return Equality(cases=cases, largest=largest, tolerance=TOLERANCE)


def _stored(path: Path, validation: str, split: str, learner: str, keys: Sequence[str]) -> dict[str, Floats]:
    """Judged predictions of these cases, by column."""
    asked = (pc.field("validation") == validation) & (pc.field("split") == split) & (pc.field("learner") == learner)
    table = pq.read_table(path, filters=asked)
    if table.column("sample").to_pylist() != list(keys):
        msg = (
            f"{path} does not hold the {len(keys)} cases that {learner!r} was judged on in {split}; the data or the "
            "run have changed: run the study again"
        )
        raise ReleaseRefused(msg)
    return {
        name: table.column(name).to_numpy().astype(np.float64)
        for name in table.column_names
        if name.startswith("prediction.")
    }


def _away(now: NDArray[Any], then: Floats) -> float:
    """Largest difference, relative above 1; endless where one is known and the other not."""
    if now.shape != then.shape:
        return float("inf")
    known = ~np.isnan(then)
    if not np.array_equal(known, ~np.isnan(now)):
        return float("inf")
    same = now[known] == then[known]  # endless values too
    difference = np.abs(now[known][~same] - then[known][~same]) / np.maximum(1.0, np.abs(then[known][~same]))
    return float(np.max(difference, initial=0.0))


def _arrays_away(now: Columns, then: Columns) -> float:
    """Of arrays of numbers the largest difference; of whole numbers (labels) the share that is another."""
    largest = 0.0
    before = ragged(then)
    for name, column in ragged(now).items():
        other = before[name]
        if not np.array_equal(column.shapes, other.shapes):
            return float("inf")
        if np.issubdtype(column.values.dtype, np.floating):
            largest = max(largest, _away(column.values.astype(np.float64), other.values.astype(np.float64)))
        else:
            largest = max(largest, float(np.mean(column.values != other.values)) if column.values.size else 0.0)
    return largest
