"""Training curves: did the network learn, and was it stopped in time?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from bedside.evidence.figure import Figure, Series
from bedside.evidence.schema import Learner
from bedside.training.learner import CURVES
from bedside.types import Floats, Json

_NOTEWORTHY = 0.02
"""Share by which a loss must have moved to be called a change."""


@dataclass(frozen=True)
class Curve:
    """One network's course.

    Attributes:
        best: Epoch whose weights were kept.
        epoch: Shape (n,).
        training: Loss on training batches, shape (n,); not-a-number where it overflowed.
        selection: Loss on selection data, shape (n,).
    """

    best: int
    epoch: Floats
    training: Floats
    selection: Floats

    @property
    def length(self) -> int:
        """Epochs that were trained."""
        return int(self.epoch[-1])


def training_curves(
    learners: Sequence[Learner], records: Mapping[str, Sequence[Mapping[str, Json]]]
) -> tuple[Figure, ...]:
    """One figure a learner that was trained in epochs; none for the others.

    Args:
        learners: All learners.
        records: By learner, the record of each split of the primary validation.
    """
    figures = []
    for learner in learners:
        curves = [_curve(one) for record in records[learner.name] for one in cast("list[Any]", record.get(CURVES, []))]
        if curves:
            figures.append(_figure(learner, curves))
    return tuple(figures)


def _curve(stored: Mapping[str, Any]) -> Curve:
    columns = (np.array(stored[name], dtype=np.float64) for name in ("epoch", "training", "selection"))
    return Curve(int(stored["best"]), *columns)


def _figure(learner: Learner, curves: Sequence[Curve]) -> Figure:
    comparable = all(curve.training[0] > 0 and curve.selection[0] > 0 for curve in curves)
    last = int(np.median([curve.length for curve in curves]))
    conclusion = _words(learner.label, curves)
    unit = "as a share of that after the first epoch" if comparable else "in the units of each"
    many = f", median and range of {len(curves)} networks" if len(curves) > 1 else ""
    return Figure(
        name=f"training_{learner.name}",
        title=f"Training of {learner.label}",
        conclusion=conclusion,
        alt=(
            f"Loss against epoch, one line for training batches and one for selection data, {unit}{many}, "
            f"up to epoch {last}. {conclusion}"
        ),
        x_label="Epoch",
        y_label="Loss / loss after the first epoch" if comparable else "Loss",
        series=(
            _series("Selection data", [_line(c, c.selection, comparable) for c in curves], last, learner.name),
            _series("Training batches", [_line(c, c.training, comparable) for c in curves], last, None),
        ),
        aspect="wide",
        section="training",
    )


def _line(curve: Curve, values: Floats, comparable: bool) -> tuple[Floats, Floats]:
    known = np.isfinite(values)
    return curve.epoch[known], values[known] / (values[0] if comparable else 1.0)


def _series(label: str, lines: Sequence[tuple[Floats, Floats]], last: int, learner: str | None) -> Series:
    """Median and range over the networks that were still trained at each epoch."""
    grid = np.arange(1, last + 1, dtype=np.float64)
    spread = np.full((len(lines), last), np.nan)
    for row, (epochs, values) in zip(spread, lines, strict=True):
        row[:] = np.interp(grid, epochs, values, right=np.nan)
    middle, low, high = (function(spread, axis=0) for function in (np.nanmedian, np.nanmin, np.nanmax))
    return Series(
        label=label,
        style="line",
        x=tuple(grid.tolist()),
        y=_rounded(middle),
        low=_rounded(low) if len(lines) > 1 else (),
        high=_rounded(high) if len(lines) > 1 else (),
        learner=learner,
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def _words(label: str, curves: Sequence[Curve]) -> str:
    shortest, longest = min(curve.length for curve in curves), max(curve.length for curve in curves)
    lengths = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    best = int(np.median([curve.best for curve in curves]))
    networks = "1 network was" if len(curves) == 1 else f"{len(curves)} networks were"
    kept = f"epoch {best}" if len(curves) == 1 else f"epoch {best} in the middle"
    told = f"{label}: {networks} trained for {lengths} epochs, and the weights of {kept} were kept."
    late = sum(curve.best == curve.length for curve in curves)
    if late > len(curves) / 2:
        return f"{told} The last epoch was the best in {late} of {len(curves)}: more epochs may help."
    rise = float(np.median([curve.selection[-1] / curve.selection.min() - 1 for curve in curves]))
    if rise > _NOTEWORTHY:
        return f"{told} After it the loss on selection data rose by {rise:.0%}: further training would have overfitted."
    return f"{told} After it the loss on selection data changed little."
