"""Bounds and bands of times to events: their estimates by definition, and their coverage by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.times import hazards, incidence, simulated

from bedside.endpoints.time_to_event.bounds import LowerBounds
from bedside.endpoints.time_to_event.finishing import cumulative_hazards
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.reading import at_own_times, times_reached
from bedside.errors import StatisticsError
from bedside.stats.bootstrap import multiplicities
from bedside.stats.incidence import curve
from bedside.stats.reached import Reached, band, kept_share, level_kept
from bedside.stats.times import Times, incidences
from bedside.types import Floats

GRID = np.linspace(0.0, 20.0, 61)[1:]
BOUNDS = LowerBounds("death", "years", GRID)


def told(x: Floats, causes: int, power: float = 1.0, factor: float = 1.0) -> list[Incidence]:
    """The true incidences, with other cumulative hazards: a model that is wrong in a known way."""
    changed = factor * cumulative_hazards(incidence(x, GRID, causes)) ** power
    return list(incidences(np.diff(changed, axis=-1, prepend=0.0)))


def without_censoring(n: int, seed: int) -> tuple[Times, Floats]:
    stream = np.random.default_rng(seed)
    time = stream.exponential(5.0, n)
    return Times.of(time, np.ones(n, dtype=np.int64)), stream.random(n)


def test_without_censoring_shares_are_counts() -> None:
    times, transform = without_censoring(50, 1)
    reached = Reached(times, 1, transform, times.time.max())
    shares = reached.shares(np.ones((1, 50)))[0]
    np.testing.assert_allclose(shares, [(transform <= one).mean() for one in reached.levels], atol=1e-12)
    # Split conformal prediction: the smallest transforms that a tenth of 51 leaves out.
    assert level_kept(reached, 50, 0.9) == np.sort(transform)[4]
    bounds = np.random.default_rng(2).uniform(0.0, 10.0, 50)
    assert kept_share(times, 1, bounds, np.ones((1, 50)))[0] == pytest.approx((times.time >= bounds).mean())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.booleans())
def test_a_common_bound_is_the_curve_of_everybody(seed: int, truncated: bool) -> None:
    _, outcomes = simulated(120, seed, causes=2, truncated=truncated)
    times = times_of(outcomes)
    weights = np.random.default_rng(seed).integers(0, 3, (4, 120)).astype(float)
    common = np.full(120, 6.0)
    expected = 1.0 - curve(times, 1, weights, np.array([6.0]))[:, 0]
    np.testing.assert_allclose(kept_share(times, 1, common, weights), expected, atol=1e-10)
    # The transform of one curve for everybody puts events in order of time.
    reached = Reached(times, 1, 1.0 - np.exp(-times.time / 10.0), 6.0)
    shares = reached.shares(weights)
    assert (np.diff(np.nan_to_num(shares), axis=1) >= 0).all()
    np.testing.assert_allclose(shares[:, -1], 1.0 - expected, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 0.95))
def test_reading_is_turned_around(seed: int, level: float) -> None:
    stream = np.random.default_rng(seed)
    curves = np.cumsum(stream.dirichlet(np.full(GRID.size + 1, 0.3), 8)[:, :-1] + 1e-6, axis=1)
    when = times_reached(GRID, curves, level)
    here = at_own_times(GRID, curves, when)
    never = curves[:, -1] < level
    np.testing.assert_allclose(here[~never], level, atol=1e-9)
    np.testing.assert_array_equal(when[never], GRID[-1])
    np.testing.assert_allclose(at_own_times(GRID, curves, np.full(8, GRID[7])), curves[:, 7])
    np.testing.assert_allclose(at_own_times(GRID, curves, np.full(8, 99.0)), curves[:, -1])


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
@pytest.mark.parametrize(("power", "factor"), [(1.0, 1.0), (0.6, 1.6)])
def test_lower_bounds_keep_their_promise_for_right_and_wrong_models(
    causes: int, truncated: bool, power: float, factor: float
) -> None:
    """Over calibration samples the mean coverage of the truth is nine in ten, and what is estimated agrees."""
    covered, estimated = [], []
    new = np.random.default_rng(9).normal(size=(2000, 3))
    each = hazards(new, causes)
    every = each.sum(axis=1)
    for seed in range(25):
        x, outcomes = simulated(300, seed, causes=causes, truncated=truncated)
        bounds = BOUNDS.bounds(outcomes, told(x, causes, power, factor), level=0.9)
        missed = each[:, 0] / every * (1.0 - np.exp(-every * bounds(told(new, causes, power, factor))))
        covered.append(1.0 - missed.mean())
        x, outcomes = simulated(300, seed + 500, causes=causes, truncated=truncated)
        held = BOUNDS.held(outcomes, bounds(told(x, causes, power, factor)))
        estimated.append(held(np.ones((1, 300)))[0])
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)
    assert np.mean(estimated) == pytest.approx(np.mean(covered), abs=0.015)


def test_better_models_give_later_bounds() -> None:
    x, outcomes = simulated(1000, 3)
    good, blind = (BOUNDS.bounds(outcomes, told(one, 1), level=0.9)(told(one, 1)) for one in (x, np.zeros_like(x)))
    assert good.mean() > 1.3 * blind.mean()
    assert np.ptp(blind) < 1e-9


@pytest.mark.parametrize(
    ("causes", "truncated", "power"), [(1, False, 1.0), (1, True, 0.6), (2, False, 0.6), (2, True, 1.0)]
)
def test_bands_hold_everywhere_at_once(causes: int, truncated: bool, power: float) -> None:
    """In nine of ten calibration samples the true share reached lies in the band at every level."""
    new = np.random.default_rng(9).normal(size=(4000, 3))
    each = hazards(new, causes)
    every = each.sum(axis=1)
    curves = np.array(told(new, causes, power))[:, 0]
    levels = np.linspace(0.03, 0.9, 40)
    true = [
        (each[:, 0] / every * (1.0 - np.exp(-every * times_reached(GRID, curves, level)))).mean() for level in levels
    ]
    held = []
    for seed in range(100):
        x, outcomes = simulated(400, seed, causes=causes, truncated=truncated)
        found = BOUNDS.band(outcomes, told(x, causes, power), confidence=0.9, replicates=200, seed=seed)
        low, high = found(levels)
        held.append(bool(((low <= true) & (true <= high)).all()))
    # Three standard errors of a hundred repetitions.
    assert np.mean(held) == pytest.approx(0.9, abs=0.09)


def test_a_band_holds_its_estimate_and_rises() -> None:
    x, outcomes = simulated(200, 4, causes=2, truncated=True)
    found = BOUNDS.band(outcomes, told(x, 2), replicates=100, seed=1)
    assert (found.low <= found.share).all()
    assert (found.share <= found.high).all()
    assert np.diff(found.low).min() >= 0
    assert np.diff(found.high).min() >= 0
    assert 0 <= found.low.min() <= found.high.max() <= 1
    wide = BOUNDS.band(outcomes, told(x, 2), confidence=0.99, replicates=100, seed=1)
    assert (wide.high - wide.low).sum() > (found.high - found.low).sum()
    again = BOUNDS.band(outcomes, told(x, 2), replicates=100, seed=1)
    np.testing.assert_array_equal(again.high, found.high)
    low, high = found(np.array([[0.0, 0.3, 1.0]]))
    assert low.shape == high.shape == (1, 3)
    assert (low <= high).all()


def test_what_cannot_be_bounded_is_said() -> None:
    x, outcomes = simulated(30, 5)
    with pytest.raises(StatisticsError, match="8 calibration cases cannot give 90% coverage; at least 9"):
        BOUNDS.bounds([*outcomes[:7], Followed(20.0, 0)], told(x[:8], 1), level=0.9)
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        BOUNDS.bounds(outcomes, told(x, 1), level=1.0)
    early = [
        Followed(min(one.time, 3.0 + k / 100), one.event if one.time < 3.0 else 0) for k, one in enumerate(outcomes)
    ]
    assert BOUNDS.bounds(early, told(x, 1), level=0.9)(told(x, 1)).max() <= np.sort([one.time for one in early])[-10]
    with pytest.raises(StatisticsError, match="none of 30 calibration cases was watched until the last time"):
        level_kept(Reached(times_of(early), 1, np.full(30, 0.5), 20.0), 30, 0.9)
    assert np.isnan(BOUNDS.held(early, np.full(30, 10.0))(np.ones((2, 30)))).all()
    none = [Followed(25.0, 0)] * 30
    assert BOUNDS.bounds(none, told(x, 1), level=0.9)(told(x, 1)).min() > 0
    with pytest.raises(StatisticsError, match="have no event"):
        BOUNDS.band(none, told(x, 1))
    times, transform = without_censoring(12, 1)
    with pytest.raises(StatisticsError, match="one from 0 to 1 a case"):
        Reached(times, 1, transform + 1.0, 5.0)
    with pytest.raises(StatisticsError, match="shape"):
        Reached(times, 1, transform[:5], 5.0)
    few = Reached(times, 1, transform, float(np.sort(times.time)[1]))
    with pytest.raises(StatisticsError, match="too few events for a band"):
        band(few, 12, multiplicities(np.arange(12), 20, 0))
