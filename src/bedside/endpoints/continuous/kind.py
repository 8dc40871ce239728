"""An outcome that is a number: Y is a float, a prediction the expected value."""

import bisect
import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from numbers import Real

import numpy as np

from bedside.endpoints.cell import refused
from bedside.endpoints.continuous.figures import continuous_figures
from bedside.endpoints.continuous.measures import continuous_measures, numbers
from bedside.endpoints.endpoint import Endpoint, Numeric
from bedside.errors import StudyError
from bedside.types import Floats

_ALLOWED = "finite numbers with a decimal point"


def continuous(*, unit: str = "", name: str = "outcome", cuts: tuple[float, ...] = ()) -> Endpoint[float, float]:
    """A continuous endpoint.

    Several models' predictions are pooled by their mean.

    Args:
        unit: Unit of the outcome ("mmHg"), for labels; "" where it has none.
        name: What is measured ("systolic pressure"), for labels.
        cuts: Rising values that part the outcome into strata, by which splits are balanced; none when not given.

    Raises:
        StudyError: The cuts are not finite and rising.
    """
    if not all(map(math.isfinite, cuts)) or any(high <= low for low, high in pairwise(cuts)):
        msg = f"cuts of {name!r} are {cuts!r}; give finite numbers in rising order"
        raise StudyError(msg)

    return Endpoint(
        name="continuous",
        target=Numeric(unit=unit, values=_outcomes, estimates=_estimates, predictions=_floats, outcomes=_floats),
        primary="rmse",
        stratum=lambda outcome: bisect.bisect_right(cuts, outcome),
        describe=_describer(name, unit, cuts),
        parse=_parse,
        measures=lambda _: continuous_measures(unit),
        settings=lambda _: {},
        loss=_squared_error,
        pool=_mean,
        cells=lambda predictions: {"prediction": np.array(predictions, dtype=np.float64)},
        restore=lambda cells: _floats(cells["prediction"]),
        outcome_cells=lambda outcomes: {"outcome": np.array(outcomes, dtype=np.float64)},
        restore_outcomes=lambda cells: _floats(cells["outcome"]),
        figures=lambda views: continuous_figures(views, name, unit),
        doubt=_doubt,
    )


def _outcomes(outcomes: Sequence[float]) -> Floats:
    return numbers(outcomes, "outcome")


def _estimates(predictions: Sequence[float]) -> Floats:
    return numbers(predictions, "prediction")


def _floats(values: Floats) -> list[float]:
    return [float(value) for value in values]


def _squared_error(outcomes: Sequence[float], predictions: Sequence[float]) -> float:
    return float(np.mean((_estimates(predictions) - _outcomes(outcomes)) ** 2))


def _mean(members: Sequence[Sequence[float]]) -> list[float]:
    """Mean of the members' predictions, case by case."""
    return _floats(np.mean(np.asarray(members, dtype=np.float64), axis=0))


def _describer(name: str, unit: str, cuts: tuple[float, ...]) -> Callable[[float], str]:
    tail = f" {unit}" if unit else ""
    if not cuts:
        return lambda _: f"{name} (any value)"
    words = [
        f"{name} below {cuts[0]:g}{tail}",
        *(f"{name} {low:g} to below {high:g}{tail}" for low, high in pairwise(cuts)),
        f"{name} {cuts[-1]:g}{tail} or more",
    ]
    return lambda outcome: words[bisect.bisect_right(cuts, outcome)]


def _parse(cell: object) -> float:
    """A cell as a finite number; text is read with a decimal point. True and False are no numbers here."""
    value = math.nan
    if isinstance(cell, bool):
        raise refused(cell, _ALLOWED)
    if isinstance(cell, str) and "_" not in cell:  # Python reads 1_000 as a number, a table does not mean it
        with contextlib.suppress(ValueError):
            value = float(cell)
    elif isinstance(cell, Real):
        value = float(cell)
    if not math.isfinite(value):
        raise refused(cell, _ALLOWED)
    return value


def _doubt(values: Mapping[str, float]) -> str:
    """What a reader of the verdict must know: no better than the mean, or systematically off."""
    doubts = []
    explained = values.get("r2")
    if explained is not None and explained <= 0.0:
        doubts.append(f"it predicts no better than the mean outcome does (R squared {explained:.2f})")
    slope = values.get("calibration_slope")
    if slope is not None and not 0.8 <= slope <= 1.25:
        direction = "extreme" if slope < 1.0 else "timid"
        doubts.append(f"its predictions are too {direction} (calibration slope {slope:.2f})")
    bias, error = values.get("bias"), values.get("rmse")
    if bias is not None and error and abs(bias) > error / 2.0:
        direction = "high" if bias > 0 else "low"
        doubts.append(f"half of its error or more is that all predictions are too {direction} (bias {bias:+.3g})")
    text = "; ".join(doubts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
