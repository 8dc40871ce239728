"""What known cases stand for: inverse-probability-of-censoring weights without late entries, and always one in all."""

import numpy as np
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, samples, slow_incidence

from bedside.stats.answered import Answered
from bedside.stats.censoring import CENSORED, COMPETING, EVENT, FollowUp, fit_censoring
from bedside.stats.times import Times


@law
@given(samples())
def test_weights_of_known_cases_add_up_to_one(one: Sample) -> None:
    at = np.unique(one.times.time)[[0, -1]] * [1.0, 0.7]
    answered = Answered(one.times, at)
    standing = answered(one.weights)
    by = one.times.time[answered.sets.rows][:, None] <= at
    total = standing.events @ by + (one.weights @ answered.free) * standing.free
    assert np.isclose(total, 1.0)[standing.known].all()
    assert (total[~standing.known] < 1.0 - 1e-9).all() or one.times.entry.any()


@law
@given(samples(late=False))
def test_they_are_those_by_which_records_are_weighed(one: Sample) -> None:
    times = one.times
    ending = np.select([times.event == 1, times.event == 2], [EVENT, COMPETING], CENSORED).astype(np.int64)
    curve = fit_censoring(FollowUp(times.time, ending))
    at = float(np.median(times.time))
    answered = Answered(times, np.array([at]))
    standing = answered(np.ones((1, len(times))))
    expected = 1 / curve.before(times.time[answered.sets.rows]) / len(times)
    np.testing.assert_allclose(standing.events[0], expected)
    if answered.free.any():
        np.testing.assert_allclose(standing.free[0, 0], 1 / curve.before(np.array([at]))[0] / len(times))


@law
@given(samples(causes=(2,)))
def test_they_add_up_to_the_incidence_of_each_cause(one: Sample) -> None:
    at = float(np.median(one.times.time))
    answered = Answered(one.times, np.array([at]))
    rows = answered.sets.rows
    standing = answered(np.ones((1, len(one.times))))
    for cause in (1, 2):
        ours = (one.times.event[rows] == cause) & (one.times.time[rows] <= at)
        np.testing.assert_allclose(standing.events[0] @ ours, slow_incidence(one.times, cause, at), atol=1e-12)


def test_a_case_censored_at_a_time_is_known_there_and_with_upon_it_is_not() -> None:
    times = Times.of(np.array([1.0, 2.0, 2.0, 4.0]), np.array([1, 0, 1, 0]))
    before, upon = (Answered(times, np.array([2.0]), upon=upon) for upon in (False, True))
    assert before.free[:, 0].tolist() == [0, 1, 0, 1]
    assert upon.free[:, 0].tolist() == [0, 0, 0, 1]
    one = np.ones((1, 4))
    assert before(one).events[0].tolist() == [0.25, 0.25]
    # G(2) is 1/2: of the two left after the event at 2 one is censored then.
    assert upon(one).events[0].tolist() == [0.25, 0.5]
