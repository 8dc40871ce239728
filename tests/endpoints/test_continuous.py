import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics
from tests.conformance.endpoint import evaluate, value_of

from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.continuous.measures import continuous_measures
from bedside.endpoints.endpoint import View
from bedside.errors import OutcomeProblem, StudyError

ENDPOINT = continuous(unit="mmHg", name="systolic pressure", cuts=(120.0, 140.0))
BY_NAME = {measure.name: measure for measure in continuous_measures("mmHg")}

NUMBER = st.integers(-40, 40).map(lambda k: 100.0 + k / 4)
"""Coarse, so that ties are the rule."""
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=40)


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_plain_values_are_those_of_scikit_learn_and_scipy(pairs: list[tuple[float, float]]) -> None:
    observed, predicted = [y for y, _ in pairs], [p for _, p in pairs]
    assume(len(set(observed)) > 1 and len(set(predicted)) > 1)
    line = stats.linregress(predicted, observed)
    expected = {
        "rmse": metrics.root_mean_squared_error(observed, predicted),
        "mae": metrics.mean_absolute_error(observed, predicted),
        "r2": metrics.r2_score(observed, predicted),
        "spearman": stats.spearmanr(observed, predicted).statistic,
        "bias": float(np.mean(np.array(predicted) - np.array(observed))),
        "calibration_slope": line.slope,
        "calibration_intercept": line.intercept,
    }
    assert set(expected) == set(BY_NAME)
    for name, value in expected.items():
        assert value_of(BY_NAME[name], observed, predicted) == pytest.approx(value, rel=1e-7, abs=1e-7), name


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(0, 2**32 - 1))
def test_multiplicity_is_repetition_in_every_measure(pairs: list[tuple[float, float]], seed: int) -> None:
    observed, predicted = [y for y, _ in pairs], [p for _, p in pairs]
    times = np.random.default_rng(seed).integers(0, 3, len(pairs))
    assume(times.sum() > 0)
    copies = np.repeat(np.arange(len(pairs)), times).tolist()
    for measure in BY_NAME.values():
        weighted = evaluate(measure, measure.contribute(observed, predicted), times[None, :].astype(np.float64))[0]
        repeated = value_of(measure, [observed[k] for k in copies], [predicted[k] for k in copies])
        assert weighted == pytest.approx(repeated, rel=1e-7, abs=1e-7, nan_ok=True), measure.name


@settings(max_examples=40, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(0.01, 100.0))
def test_a_shift_far_from_zero_costs_no_digits(shift: float, scale: float) -> None:
    """Variances of large numbers with a small spread are where sums of squares cancel."""
    stream = np.random.default_rng(0)
    observed = stream.normal(size=50)
    predicted = observed + 0.5 * stream.normal(size=50)
    for name in ("r2", "calibration_slope", "spearman"):
        plain = value_of(BY_NAME[name], observed.tolist(), predicted.tolist())
        moved = value_of(BY_NAME[name], (shift + scale * observed).tolist(), (shift + scale * predicted).tolist())
        assert moved == pytest.approx(plain, rel=1e-6), name


def test_what_has_no_spread_is_undefined() -> None:
    for observed, predicted, undefined in (
        ([7.1] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], {"r2", "spearman"}),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [7.1] * 5, {"spearman", "calibration_slope", "calibration_intercept"}),
    ):
        missing = {name for name, one in BY_NAME.items() if math.isnan(value_of(one, observed, predicted))}
        assert missing == undefined


def test_a_subgroup_without_spread_is_undefined_too() -> None:
    """The zero must not be hidden by rounding when other rows are masked out."""
    observed, predicted = [0.1, 0.2, 1e3 / 3, 1e3 / 3, 1e3 / 3], [3.0, 1.0, 2.0, 5.0, 4.0]
    mask = np.array([[0.0, 0.0, 1.0, 1.0, 1.0]])
    for name in ("r2", "spearman"):
        assert math.isnan(evaluate(BY_NAME[name], BY_NAME[name].contribute(observed, predicted), mask)[0]), name


@pytest.mark.parametrize(("cell", "outcome"), [("1.5", 1.5), (" -2e1 ", -20.0), (3, 3.0), (np.float32(0.5), 0.5)])
def test_cells(cell: object, outcome: float) -> None:
    assert ENDPOINT.parse(cell) == outcome


@pytest.mark.parametrize("cell", [True, "1,5", "1_000", "12 mmHg", "nan", "inf", None, np.inf, 1j], ids=repr)
def test_other_cells_are_refused(cell: object) -> None:
    with pytest.raises(OutcomeProblem, match="finite numbers with a decimal point"):
        ENDPOINT.parse(cell)


def test_cuts_part_the_outcome() -> None:
    assert [ENDPOINT.stratum(value) for value in (119.9, 120.0, 139.0, 140.0)] == [0, 1, 1, 2]
    assert ENDPOINT.describe(130.0) == "systolic pressure 120 to below 140 mmHg"
    assert ENDPOINT.describe(90.0) == "systolic pressure below 120 mmHg"
    assert ENDPOINT.describe(140.0) == "systolic pressure 140 mmHg or more"
    assert continuous().stratum(3.0) == continuous().stratum(-3.0)
    for cuts in ((2.0, 1.0), (1.0, 1.0), (float("nan"),)):
        with pytest.raises(StudyError, match="rising order"):
            continuous(cuts=cuts)


def test_doubts_name_what_is_wrong() -> None:
    sound = {"r2": 0.5, "calibration_slope": 1.0, "bias": 1.0, "rmse": 50.0}
    assert not ENDPOINT.doubt(sound)
    assert "no better than the mean" in ENDPOINT.doubt({**sound, "r2": -0.1})
    assert "too extreme" in ENDPOINT.doubt({**sound, "calibration_slope": 0.6})
    assert "too timid" in ENDPOINT.doubt({**sound, "calibration_slope": 1.5})
    assert "too high" in ENDPOINT.doubt({**sound, "bias": 30.0})


def test_figures_say_what_the_data_say() -> None:
    observed = np.linspace(100.0, 200.0, 400)
    predicted = observed + 10.0
    zeros, patient = np.zeros(400, dtype=np.int64), np.arange(400, dtype=np.int64)
    view = View("net", observed.tolist(), predicted.tolist(), zeros, patient, [{}])
    figures = {one.name: one for one in ENDPOINT.figures([view])}
    assert list(figures) == ["predicted_observed", "residuals", "calibration"]
    assert "within 10 mmHg of what was observed" in figures["predicted_observed"].conclusion
    assert "200 of 400 cases are drawn" in figures["predicted_observed"].conclusion
    assert "10 mmHg too high on average" in figures["residuals"].conclusion
    assert dict(figures["residuals"].horizontal)["mean difference"] == pytest.approx(10.0)
    assert "observed mean lies 10 below" in figures["calibration"].conclusion
    assert len(figures["calibration"].series[0].x) == 10
