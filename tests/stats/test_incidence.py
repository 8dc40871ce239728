"""Curves over time: published and hand-worked curves, slow oracles, and what they are when nobody is watched."""

import numpy as np
import pytest
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, samples, slow_incidence

from bedside.errors import StatisticsError
from bedside.stats.incidence import at_risk, cumulative_hazard, curve
from bedside.stats.times import Times

# Weeks in remission of 21 children given 6-mercaptopurine (Freireich et al. 1963, Blood 21:699), as in Kalbfleisch and
# Prentice 2002, The Statistical Analysis of Failure Time Data, table 1.2.
_RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
_LEFT = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
REMISSION = Times.of(np.array([*_RELAPSED, *_LEFT], dtype=np.float64), np.array([1] * 9 + [0] * 12))


def test_the_published_curve_of_remission() -> None:
    at = np.array([5.0, 6, 7, 10, 13, 16, 22, 23, 35])
    free = curve(REMISSION, 0, None, at)[0]
    np.testing.assert_array_equal(free.round(3), [1, 0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448, 0.448])
    np.testing.assert_allclose(curve(REMISSION, 1, None, at)[0], 1 - free)
    assert at_risk(REMISSION, None, np.array([6.0, 7, 23]))[0].tolist() == [21, 17, 6]
    hazard = cumulative_hazard(REMISSION, 1, None, np.array([7.0, 10]))[0]
    np.testing.assert_allclose(hazard, [3 / 21 + 1 / 17, 3 / 21 + 1 / 17 + 1 / 15])


def test_competing_causes_and_late_entries_by_hand() -> None:
    # At 2: three at risk (the fourth comes then). At 3: the one from 2 and two others. At 5: two. At 6: the last.
    times = Times(np.array([2.0, 3, 5, 6]), np.array([1, 2, 1, 0]), np.array([0.0, 0, 0, 2]))
    at = np.array([2.0, 3, 5])
    np.testing.assert_allclose(curve(times, 1, None, at)[0], [1 / 3, 1 / 3, 1 / 3 + 4 / 9 / 2])
    np.testing.assert_allclose(curve(times, 2, None, at)[0], [0, 2 / 9, 2 / 9])
    np.testing.assert_allclose(curve(times, 0, None, at)[0], [2 / 3, 4 / 9, 2 / 9])


@law
@given(samples())
def test_curves_agree_with_one_time_after_another_and_weights_with_copies(one: Sample) -> None:
    times = one.times
    at = np.unique(np.concatenate([times.time, times.time + 0.3]))
    at = at[~np.isnan(curve(times, 0, one.weights, at)).any(axis=0)]
    found = {cause: curve(times, cause, one.weights, at) for cause in (0, 1, 2)}
    np.testing.assert_allclose(found[0] + found[1] + found[2], 1.0)
    for row, weights in enumerate(one.weights):
        copied, _ = copies(times, weights)
        for cause, values in found.items():
            slow = [slow_incidence(copied, cause, float(t)) for t in at]
            np.testing.assert_allclose(values[row], slow, atol=1e-12)


def test_nothing_is_known_once_nobody_is_watched_unless_all_had_an_event() -> None:
    at = np.array([0.0, 2.0, 2.5, 9.0])
    censored = Times.of(np.array([1.0, 2.0]), np.array([1, 0]))
    np.testing.assert_array_equal(curve(censored, 1, None, at)[0], [0.0, 0.5, np.nan, np.nan])
    everybody = Times.of(np.array([1.0, 2.0]), np.array([1, 2]))
    assert curve(everybody, 1, None, at)[0].tolist() == [0.0, 0.5, 0.5, 0.5]
    assert np.isnan(curve(censored, 1, np.zeros((1, 2)), at)).all()


def test_a_risk_set_that_empties_before_others_come_leaves_no_curve() -> None:
    times = Times(np.array([1.0, 4.0, 5.0]), np.array([1, 1, 0]), np.array([0.0, 2.0, 2.0]))
    assert np.isnan(curve(times, 1, None, np.array([4.5]))).all()


def test_curves_of_nobody_and_of_no_cause_are_refused() -> None:
    nobody = Times.of(np.zeros(0), np.zeros(0, dtype=np.int64))
    with pytest.raises(StatisticsError, match="give cases"):
        curve(nobody, 1, None, np.array([1.0]))
    with pytest.raises(StatisticsError, match="cause from 0 on"):
        curve(REMISSION, -1, None, np.array([1.0]))
