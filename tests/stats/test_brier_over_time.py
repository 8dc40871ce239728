"""Brier scores over time: published scores to their digits, a slow oracle, and no bias by censoring or late entry."""

from pathlib import Path

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, samples, slow_incidence, slow_uncensored

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.errors import StatisticsError
from bedside.stats.brier_over_time import brier_losses, brier_statistic, shares_of
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.types import Floats

ALONE = np.ones(1)


def nottingham(path: Path, at: Floats) -> tuple[Times, Floats]:
    """GBSG2 and the Kaplan-Meier curve of each case's group by the Nottingham index, shape (n, 1, times)."""
    rows = [line.strip().split(",") for line in path.read_text().splitlines() if line.startswith("'")]
    times = Times.of(np.array([float(row[8]) for row in rows]), np.array([int(row[9]) for row in rows]))
    grade = np.array([{"'I'": 1, "'II'": 2, "'III'": 3}[row[4]] for row in rows])
    index = 0.2 * np.array([float(row[3]) for row in rows]) / 10 + 1 + grade
    group = np.digitize(index, [3.4, np.nextafter(5.4, 6)])
    curves = np.zeros((len(rows), 1, len(at)))
    for number in range(3):
        mine = group == number
        own = Times.of(times.time[mine], times.event[mine])
        curves[mine, 0] = curve(own, 1, None, at)[0]
    return times, curves


def test_published_scores_of_the_nottingham_index(public_data: Path) -> None:
    path = public_data / "reference_vectors" / "surv" / "GBSG2.arff"
    if not path.is_file():
        pytest.skip("GBSG2.arff is not in BEDSIDE_DATA/reference_vectors/surv")
    at = np.array([365.0, 730, 1095, 1460, 1825])
    times, curves = nottingham(path, at)
    one = np.ones((1, len(times)))
    published = [0.0762922458520448, 0.182536421174199, 0.220017747254941, 0.234133800146671, 0.233822955042198]
    for k, score in enumerate(published):
        part = curves[:, :, k : k + 1], at[k : k + 1], ALONE
        assert brier_statistic(times, *part, upon=True)(one)[0] == pytest.approx(score, abs=1e-14)
        # Some events and censorings fall on one day: just before it fewer were censored.
        assert brier_statistic(times, *part)(one)[0] == pytest.approx(score, abs=2e-4)
    steps = np.diff(at)
    shares = (np.append(steps, 0) + np.append(0, steps)) / 2 / (at[-1] - at[0])
    assert brier_statistic(times, curves, at, shares, upon=True)(one)[0] == pytest.approx(0.197936392255733, abs=1e-14)


@law
@given(samples(late=False))
def test_one_score_agrees_with_the_formula_of_graf(one: Sample) -> None:
    times, at = one.times, float(np.median(one.times.time))
    for upon in (False, True):
        found = brier_statistic(times, one.risk[:, None, None], np.array([at]), ALONE, upon=upon)(one.weights)
        for value, weights in zip(found, one.weights, strict=True):
            copied, rows = copies(times, weights)
            expected = by_formula(copied, one.risk[rows], at, upon=upon)
            assert value == pytest.approx(expected, nan_ok=True)


def by_formula(times: Times, risk: Floats, at: float, *, upon: bool) -> float:
    total, somebody = 0.0, False
    for time, event, told in zip(times.time, times.event, risk, strict=True):
        if event and time <= at:
            watched = slow_uncensored(times, time, before=not upon)
            total += ((event == 1) - told) ** 2 / watched if watched else 0.0
        elif time > at or (time == at and not upon):
            total += told**2 / slow_uncensored(times, at, before=not upon)
            somebody = True
    everybody = slow_incidence(times, 0, at) == pytest.approx(0.0, abs=1e-12)
    return total / len(times) if somebody != everybody else float("nan")


@law
@given(samples())
def test_losses_of_cases_have_the_integrated_score_as_their_mean(one: Sample) -> None:
    times = one.times
    at = np.linspace(0.2, 1.0, 5) * np.quantile(times.time, 0.6) + times.entry.max()
    curves = one.risk[:, None, None] * np.array([[0.5], [0.4]]) * np.linspace(0.2, 1.0, 5)
    score = brier_statistic(times, curves, at, shares_of(at))(np.ones((1, len(times))))[0]
    if np.isfinite(score):
        losses = brier_losses(times, curves, at)
        assert losses.mean() == pytest.approx(score)
        assert (losses >= 0).all()


def test_without_censoring_it_is_the_mean_squared_distance() -> None:
    times = Times.of(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 1, 1]))
    curves = np.array([0.5, 0.2, 0.9, 0.4])[:, None, None]
    score = brier_statistic(times, curves, np.array([3.0]), ALONE)(np.ones((1, 4)))[0]
    assert score == pytest.approx(np.mean([0.25, 0.04, 0.01, 0.16]))


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_censoring_and_late_entries_leave_no_bias(causes: int, truncated: bool) -> None:
    grid = np.linspace(1.0, 12.0, 12)
    x, outcomes = simulated(6_000, 5, causes=causes, truncated=truncated)
    told = 0.8 * incidence(x, grid, causes)
    found = brier_statistic(times_of(outcomes), told, grid, shares_of(grid))(np.ones((1, 6_000)))[0]
    everybody = np.random.default_rng(6).normal(size=(200_000, 3))
    truth = incidence(everybody, grid, causes)
    # The expected square of the distance from what happens, when it happens with these chances.
    score = (truth * (1 - truth) + np.square(0.2 * truth)).sum(axis=1) @ shares_of(grid)
    assert found == pytest.approx(score.mean(), abs=0.012)


def test_shares_are_the_trapezoidal_rule_from_nothing_at_time_0() -> None:
    at = np.array([1.0, 2.0, 4.0])
    values = np.array([0.1, 0.3, 0.2])
    area = np.trapezoid([0.0, *values], [0.0, *at])
    assert values @ shares_of(at) * 4.0 == pytest.approx(area)


def test_the_score_is_undefined_and_losses_stop_where_nobody_is_watched() -> None:
    times = Times.of(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 0]))
    at = np.array([1.0, 2.0, 4.0])
    curves = np.full((3, 1, 3), 0.5)
    assert np.isnan(brier_statistic(times, curves, at, shares_of(at))(np.ones((1, 3)))).all()
    short = brier_statistic(times, curves[:, :, :2], at[:2], shares_of(at[:2]))(np.ones((1, 3)))[0]
    assert brier_losses(times, curves, at).mean() == pytest.approx(short)
    with pytest.raises(StatisticsError, match="nobody of 3 cases is watched until 5"):
        brier_losses(times, curves[:, :, :1], np.array([5.0]))
