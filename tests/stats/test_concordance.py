"""Indices of concordance: published values to their digits, pairs counted one by one, and what parts the three."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, sample, samples, slow_uncensored

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats import pairs
from bedside.stats.bootstrap import multiplicities
from bedside.stats.concordance import harrell_statistic, time_dependent_statistic, uno_statistic
from bedside.stats.times import Times
from bedside.types import Floats


def value(statistic: Callable[[Floats], Floats], n: int) -> float:
    return float(statistic(np.ones((1, n)))[0])


def test_published_concordance_of_predictions_for_heart_attacks(vector: Callable[[str], list[dict[str, str]]]) -> None:
    rows = [list(map(float, row.values())) for row in vector("surv/whas500_predictions.csv")]
    header = [float(cell) for cell in vector("surv/whas500_predictions.csv")[0]]
    event, time, risk = np.array([header, *rows]).T
    times = Times.of(time, event.astype(np.int64))
    assert len(times) == 500
    assert value(uno_statistic(times, risk, np.inf, upon=True), 500) == pytest.approx(0.7929275009049014, abs=1e-14)
    # 57849 pairs are concordant, 17300 discordant, none ties.
    assert value(harrell_statistic(times, risk), 500) == pytest.approx(57849 / (57849 + 17300), abs=1e-14)


def test_published_concordance_for_released_prisoners(vector: Callable[[str], list[dict[str, str]]]) -> None:
    """Allison 1995, Survival Analysis Using SAS: coefficients; their concordance is 0.64 in R's summary of coxph."""
    rows = vector("surv/rossi.csv")
    slopes = {"fin": -0.379, "age": -0.057, "race": 0.314, "wexp": -0.150, "mar": -0.434, "paro": -0.085, "prio": 0.091}
    risk = np.array([sum(slope * float(row[name]) for name, slope in slopes.items()) for row in rows])
    times = Times.of(np.array([float(row["week"]) for row in rows]), np.array([int(row["arrest"]) for row in rows]))
    assert value(harrell_statistic(times, risk), len(rows)) == pytest.approx(0.64, abs=0.0005)


@pytest.mark.parametrize(
    ("event", "time", "risk", "published"),
    [
        (
            [0, 1, 0, 1, 1, 0, 1, 0, 0, 1],
            [1, 5, 6, 11, 11, 34, 45, 45, 50, 55],
            [5, 8, 11, 19, 34, 12, 3, 9, 12, 18],
            0.4036321031048623,
        ),
        (
            [1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1],
            [34, 11, 11, 5, 1, 89, 13, 45, 7, 13, 9, 13, 90],
            [1, 19, 13, 13, 15, 14, 19, 23, 11, 10, 11, 1, 18],
            0.46795357052737824,
        ),
    ],
)
def test_published_values_with_ties(event: list[int], time: list[int], risk: list[int], published: float) -> None:
    """Uno's C of the R package survAUC, as in the tests of scikit-survival."""
    times = Times.of(np.array(time, dtype=np.float64), np.array(event))
    found = uno_statistic(times, np.array(risk, dtype=np.float64), np.inf, upon=True)
    assert value(found, len(times)) == pytest.approx(published, abs=1e-14)


Outranks = Callable[[int, int], float]
Weigh = Callable[[float], float]


def by_pairs(times: Times, outranks: Outranks, weigh: Weigh, until: float) -> float:
    won = every = 0.0
    for i in range(len(times)):
        time = times.time[i]
        if times.event[i] != 1 or time >= until:
            continue
        for j in range(len(times)):
            if times.event[j] > 1 and times.time[j] <= time:
                weight = weigh(time) * weigh(times.time[j])
            elif times.entry[j] < time and (times.time[j] > time or (times.time[j] == time and times.event[j] == 0)):
                weight = weigh(time) ** 2
            else:
                continue
            every += weight
            won += weight * outranks(i, j)
    return won / every if every else float("nan")


def order(one: float, other: float) -> float:
    return float(one > other) + 0.5 * float(one == other)


@law
@given(samples(most=20))
def test_harrells_c_agrees_with_counting_pairs(one: Sample) -> None:
    found = harrell_statistic(one.times, one.risk)(one.weights)
    for place, weights in enumerate(one.weights):
        copied, rows = copies(one.times, weights)
        risk = one.risk[rows]
        expected = by_pairs(copied, lambda i, j, risk=risk: order(risk[i], risk[j]), lambda _: 1.0, np.inf)  # type: ignore[misc]
        assert found[place] == pytest.approx(expected, nan_ok=True)


@law
@given(samples(most=20, late=False))
def test_unos_c_agrees_with_counting_weighted_pairs(one: Sample) -> None:
    until = float(np.quantile(one.times.time, 0.8))
    for upon in (False, True):
        found = uno_statistic(one.times, one.risk, until, upon=upon)(one.weights)
        for place, weights in enumerate(one.weights):
            copied, rows = copies(one.times, weights)
            risk = one.risk[rows]

            def weigh(time: float, copied: Times = copied, upon: bool = upon) -> float:
                watched = slow_uncensored(copied, time, before=not upon)
                return 1.0 / watched if watched else 0.0

            expected = by_pairs(copied, lambda i, j, risk=risk: order(risk[i], risk[j]), weigh, until)  # type: ignore[misc]
            assert found[place] == pytest.approx(expected, nan_ok=True)


@law
@given(samples(most=20))
def test_the_time_dependent_c_agrees_with_counting_pairs_at_each_time(one: Sample) -> None:
    grid = np.array([2.0, 5.0, 9.0])
    stream = np.random.default_rng(len(one.times))
    curves = np.sort(stream.random((len(one.times), 3)), axis=1)[stream.integers(0, 4, len(one.times))]
    found = time_dependent_statistic(one.times, curves, grid)(one.weights)

    for place, weights in enumerate(one.weights):
        copied, rows = copies(one.times, weights)

        def outranks(i: int, j: int, copied: Times = copied, rows: list[int] = rows) -> float:
            at = [np.interp(copied.time[i], [0.0, *grid], [0.0, *curves[rows[k]]]) for k in (i, j)]
            return order(float(at[0]), float(at[1]))

        expected = by_pairs(copied, outranks, lambda _: 1.0, np.nextafter(9.0, 10.0))
        assert found[place] == pytest.approx(expected, nan_ok=True)


def test_the_time_dependent_c_is_harrells_where_curves_do_not_cross_and_another_where_they_do() -> None:
    x, outcomes = simulated(400, 4)
    times, grid = times_of(outcomes), np.linspace(1.0, 40.0, 40)
    curves = incidence(x, grid)[:, 0]
    harrell = value(harrell_statistic(times, curves.sum(axis=1)), 400)
    assert value(time_dependent_statistic(times, curves, grid), 400) == pytest.approx(harrell)
    # The same time is lost in the end, all of it early by those at low risk.
    crossing = np.where(x[:, :1] < 0, np.minimum(curves.sum(axis=1, keepdims=True) / 40, 1), curves)
    apart = value(time_dependent_statistic(times, crossing, grid), 400)
    assert abs(apart - value(harrell_statistic(times, crossing.sum(axis=1)), 400)) > 0.01


def test_unos_c_does_not_depend_on_censoring_and_harrells_does() -> None:
    x, outcomes = simulated(5_000, 8)
    times, risk = times_of(outcomes), x[:, 0] + 0.5 * np.sin(3 * x[:, 1])
    stream = np.random.default_rng(9)
    cut = np.minimum(stream.exponential(12.0, len(times)), 40.0)
    more = Times.of(np.minimum(times.time, cut), np.where(times.time <= cut, times.event, 0))
    uno = [value(uno_statistic(each, risk, 20.0), 5_000) for each in (times, more)]
    harrell = [value(harrell_statistic(each, risk), 5_000) for each in (times, more)]
    assert uno[0] == pytest.approx(uno[1], abs=0.008)
    assert abs(harrell[0] - harrell[1]) > 0.01


def test_replicates_of_many_cases_are_linearised_close_to_the_exact_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    one = sample(3, 1_500, causes=2, late=True, ties=False)
    weights = np.concatenate(list(multiplicities(np.arange(1_500), 200, 1)))
    curves = one.risk[:, None] * np.array([0.3, 0.6, 0.9])
    made: tuple[Callable[[], Callable[[Floats], Floats]], ...] = (
        lambda: harrell_statistic(one.times, one.risk),
        lambda: uno_statistic(one.times, one.risk, 9.0),
        lambda: time_dependent_statistic(one.times, curves, np.array([2.0, 6.0, 12.0])),
    )
    exact = [make()(weights) for make in made]
    monkeypatch.setattr(pairs, "EXACT", 1_000)
    for make, whole in zip(made, exact, strict=True):
        linear = make()(weights)
        assert not np.array_equal(linear, whole)
        np.testing.assert_allclose(linear, whole, atol=0.3 * whole.std())
        assert linear.std() == pytest.approx(whole.std(), rel=0.03)
        np.testing.assert_allclose(make()(weights[:2]), whole[:2], rtol=1e-14)


def test_sums_over_pairs_by_parts_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = np.random.default_rng(5)
    matrix = (stream.integers(0, 3, (40, 60)) / 2).astype(np.float32)
    asked = pairs.Pairs(40, 60, lambda rows: matrix[rows].copy())
    for second in (stream.integers(0, 4, (12, 60)).astype(np.float64), stream.random((12, 60))):
        first = stream.random((12, 40))
        whole = np.einsum("bi,ij,bj->b", first, matrix, second)
        np.testing.assert_allclose(asked.sums(first, second), whole, rtol=1e-12)
        monkeypatch.setattr(pairs, "_CELLS", 500)
        np.testing.assert_allclose(asked.sums(first, second), whole, rtol=1e-12)
        monkeypatch.undo()


def test_without_a_pair_it_is_undefined() -> None:
    times = Times.of(np.array([1.0, 1.0, 2.0]), np.array([0, 0, 1]))
    risk = np.array([0.1, 0.2, 0.3])
    assert np.isnan(harrell_statistic(times, risk)(np.ones((2, 3)))).all()
    assert np.isnan(uno_statistic(times, risk, 5.0)(np.ones((2, 3)))).all()
    assert np.isnan(time_dependent_statistic(times, risk[:, None], np.array([5.0]))(np.ones((2, 3)))).all()
