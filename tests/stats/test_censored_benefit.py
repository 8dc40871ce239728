"""Net benefit with censoring: published decision curves of dcurves in R, ordinary net benefit without censoring."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, samples, slow_incidence

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.errors import StatisticsError
from bedside.stats.censored_benefit import benefit_statistic
from bedside.stats.net_benefit import net_benefit_statistic
from bedside.stats.times import Times
from bedside.types import Floats

Rows = list[dict[str, str]]
Vector = Callable[[str], Rows]


def cases(rows: Rows) -> Times:
    time = np.array([float(row["ttcancer"]) for row in rows])
    return Times.of(time, np.array([int(row["cancer"] == "TRUE") for row in rows]))


def assert_published(vector: Vector, name: str, variable: str, risk: Floats, at: float) -> None:
    times = cases(vector("dca/df_surv.csv"))
    published = [row for row in vector(f"dca/{name}") if row["variable"] == variable]
    compared = 0
    # At threshold 0 R flags risks above it, bedside those at it as well.
    for row in published[1:]:
        if row["net_benefit"] == "NA":
            continue
        found = benefit_statistic(times, risk, at, float(row["threshold"]))(np.ones((1, len(times))))[0]
        assert found == pytest.approx(float(row["net_benefit"]), abs=1e-12)
        compared += 1
    assert compared >= 50


def test_published_decision_curves(vector: Vector) -> None:
    rows = vector("dca/df_surv.csv")
    for name, column, at in (
        ("r_simple_surv_dca_result_df.csv", "famhistory", 1.5),
        ("r_case2_results.csv", "cancerpredmarker", 1.0),
    ):
        assert_published(vector, name, column, np.array([float(row[column]) for row in rows]), at)
        assert_published(vector, name, "all", np.ones(len(rows)), at)
    cox = [float(row["pr_failure18"]) for row in vector("dca/dca_tut_coxph_pr_failure18_vals.csv")]
    assert_published(vector, "dca_tut_r_stdca_coxph_df.csv", "pr_failure18", np.array(cox), 1.5)


@law
@given(samples(late=False))
def test_it_is_the_incidence_among_the_flagged(one: Sample) -> None:
    at, cut = float(np.median(one.times.time)), 0.4
    found = benefit_statistic(one.times, one.risk, at, cut)(one.weights)
    for value, weights in zip(found, one.weights, strict=True):
        copied, rows = copies(one.times, weights)
        flagged = one.risk[rows] >= cut
        among = Times(copied.time[flagged], copied.event[flagged], copied.entry[flagged])
        if np.isfinite(value) and flagged.any():
            share, incidence_ = flagged.mean(), slow_incidence(among, 1, at)
            assert value == pytest.approx(share * (incidence_ - (1 - incidence_) * cut / (1 - cut)), abs=1e-12)
        elif not flagged.any():
            assert value == 0.0


def test_without_censoring_it_is_the_ordinary_net_benefit() -> None:
    x, outcomes = simulated(200, 1, causes=2)
    seen = [k for k, one in enumerate(outcomes) if one.event]
    times, risk = times_of([outcomes[k] for k in seen]), incidence(x[seen], np.array([8.0]), 2)[:, 0, 0]
    ordinary = net_benefit_statistic(risk, (times.event == 1) & (times.time <= 8.0), 0.3)
    weights = np.random.default_rng(0).multinomial(len(seen), np.full(len(seen), 1 / len(seen)), 3).astype(np.float64)
    np.testing.assert_allclose(benefit_statistic(times, risk, 8.0, 0.3)(weights), ordinary(weights))


@pytest.mark.parametrize("truncated", [False, True])
def test_censoring_and_late_entries_leave_no_bias(*, truncated: bool) -> None:
    x, outcomes = simulated(8_000, 4, truncated=truncated)
    risk = incidence(x, np.array([10.0]))[:, 0, 0]
    everybody = incidence(np.random.default_rng(3).normal(size=(100_000, 3)), np.array([10.0]))[:, 0, 0]
    flagged = everybody >= 0.3
    truth = (flagged * (everybody - (1 - everybody) * 0.3 / 0.7)).mean()
    found = benefit_statistic(times_of(outcomes), risk, 10.0, 0.3)(np.ones((1, 8_000)))[0]
    assert found == pytest.approx(truth, abs=0.02)


def test_edges() -> None:
    times = Times.of(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]))
    risk, one = np.array([0.5, 0.2, 0.1]), np.ones((1, 3))
    assert benefit_statistic(times, risk, 2.5, 0.9)(one)[0] == 0.0
    assert np.isnan(benefit_statistic(times, risk, 4.0, 0.05)(one)).all()
    assert benefit_statistic(times, risk, 4.0, 0.5)(one)[0] == pytest.approx(1 / 3)
    with pytest.raises(StatisticsError, match="Threshold"):
        benefit_statistic(times, risk, 4.0, 1.0)
