import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.stats import beta
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import conformal
from bedside.stats.estimate import Estimate, NotEstimable


def test_split_conformal_lies_in_its_range() -> None:
    stream = np.random.default_rng(0)
    low, high = conformal.coverage_range(100, 0.1)
    inside = 0
    for _ in range(300):
        limit = np.sort(stream.random(100))[90]  # ceil(101 * .9) = 91st smallest
        inside += bool(low <= limit <= high)  # the limit of uniform scores is the true coverage
    assert inside / 300 == pytest.approx(0.95, abs=0.03)
    assert (low, high) == pytest.approx(beta.interval(0.95, 91, 10))


def test_coverage_by_group() -> None:
    covered = np.array([1] * 45 + [0] * 5 + [1] * 5)
    group = ["a"] * 50 + ["b"] * 5
    found = conformal.coverage_by(covered, group)
    a = found["a"]
    assert isinstance(a, Estimate)
    assert a.value == pytest.approx(0.9)
    assert isinstance(found["b"], NotEstimable)
    assert conformal.coverage(covered, cluster=np.arange(55) // 5).patients == 11


@law
@given(binary)
def test_answering_all_has_the_mean_loss(sample: Binary) -> None:
    loss = sample.label.astype(float)
    curve = conformal.risk_coverage(sample.score, loss)
    assert curve.coverage[-1] == 1.0
    assert curve.risk[-1] == pytest.approx(loss.mean())
    assert (np.diff(curve.coverage) > 0).all()
    constant = conformal.risk_coverage(np.zeros(loss.size), loss)
    assert constant.area == pytest.approx(loss.mean())
    perfect = conformal.risk_coverage(-loss, loss)
    assert perfect.area <= curve.area + 1e-12
    ones = np.ones((1, loss.size))
    for threshold, risk in zip(curve.threshold, curve.risk, strict=True):
        found = conformal.selective_risk_statistic(sample.score, loss, float(threshold))(ones)
        assert found[0] == pytest.approx(risk)


@law
@given(binary, st.floats(0.0, 1.0))
def test_abstention_keeps_its_risk_on_tuning(sample: Binary, risk: float) -> None:
    loss = sample.label.astype(float)
    curve = conformal.risk_coverage(sample.score, loss)
    if risk < curve.risk.min():
        with pytest.raises(StatisticsError, match="No threshold"):
            conformal.abstention_threshold(sample.score, loss, risk)
        return
    kept = sample.score >= conformal.abstention_threshold(sample.score, loss, risk)
    assert loss[kept].mean() <= risk + 1e-12


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="at least 19"):
        conformal.coverage_range(10, 0.05)
    with pytest.raises(StatisticsError, match="Miscoverage"):
        conformal.coverage_range(10, 0.0)
    with pytest.raises(StatisticsError, match="answer none"):
        conformal.selective_risk_statistic([0.1], [0.0], 0.5)
    with pytest.raises(StatisticsError, match="NaN"):
        conformal.risk_coverage([np.nan], [0.0])
