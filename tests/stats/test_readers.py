from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats import readers
from bedside.stats.reading_covariance import areas

Rows = list[dict[str, str]]


def study(rows: Rows) -> readers.Readings:
    return readers.crossed(
        [row["treatment"] for row in rows],
        [row["reader"] for row in rows],
        [row["case"] for row in rows],
        [float(row["rating"]) for row in rows],
        [float(row["truth"]) for row in rows],
    )


def simulated(seed: int, arms: int = 2, count: int = 4, cases: int = 40) -> readers.Readings:
    stream = np.random.default_rng(seed)
    positive = np.arange(cases) % 5 < 2
    shape = (arms, count, cases)
    ratings = 1.2 * positive + stream.normal(size=cases) + stream.normal(0, 0.7, shape)
    return readers.Readings(np.round(2.0 * ratings), positive, tuple("AB"[:arms]), tuple(map(str, range(count))))


def test_van_dyke_as_published(vector: Callable[[str], Rows]) -> None:
    found = readers.obuchowski_rockette(study(vector("mrmc/VanDyke.csv")))
    assert found.contrasts[0].value == pytest.approx(-0.04380032, abs=5e-9)
    assert found.error == pytest.approx(0.0206825, abs=5e-8)
    assert found.f == pytest.approx(4.484854, abs=5e-7)
    assert found.df2 == pytest.approx(15.06611, abs=5e-6)
    assert found.p == pytest.approx(0.05123303, abs=5e-9)
    assert found.covariances == pytest.approx((0.0003420090, 0.0003395265, 0.0002358497), abs=5e-11)
    assert found.contrasts[0].p == pytest.approx(found.p)
    assert [arm.value for arm in found.arms] == pytest.approx([0.89703704, 0.94083736], abs=5e-9)


def test_other_covariances_tell_the_same_story(vector: Callable[[str], Rows]) -> None:
    """No published digits: these are ours, proved from the definitions below, and must not move."""
    given_study = study(vector("mrmc/VanDyke.csv"))
    for covariance, p in (("jackknife", 0.05166569), ("unbiased", 0.05116)):
        found = readers.obuchowski_rockette(given_study, covariance=covariance)  # type: ignore[arg-type]
        assert found.p == pytest.approx(p, abs=5e-6)


def test_three_arms() -> None:
    two = simulated(2)
    third = two.ratings[:1] + np.random.default_rng(0).normal(0, 0.5, (1, 4, 40))
    made = two._replace(ratings=np.concatenate([two.ratings, third]), arms=("A", "B", "C"))
    found = readers.obuchowski_rockette(made)
    assert (found.df1, len(found.contrasts), found.values.shape) == (2.0, 3, (3, 4))
    assert found.contrasts[1].value == pytest.approx(found.arms[0].value - found.arms[2].value)
    assert 0.0 < found.p <= 1.0


def test_kundels_study_is_not_crossed_and_is_refused(vector: Callable[[str], Rows]) -> None:
    with pytest.raises(StatisticsError, match="1140 of 2280"):
        study(vector("mrmc/Kundel.csv"))


@law
@given(st.integers(0, 10**6))
def test_unbiased_covariance_is_the_u_statistic(seed: int) -> None:
    """Straight from the definition: mean of products of kernels that share what they share (Gallas 2006)."""
    made = simulated(seed, 1, 2, 10)
    ratings, positive = made.ratings[0], made.positive
    ours, theirs = ratings[:, positive], ratings[:, ~positive]
    kernel = (ours[:, :, None] > theirs[:, None, :]) + 0.5 * (ours[:, :, None] == theirs[:, None, :])
    m, n = ours.shape[1], theirs.shape[1]
    total, pairs = 0.0, 0
    for i in range(m):
        for j in range(n):
            other = np.ones((m, n), dtype=bool)
            other[i, :], other[:, j] = False, False
            total += kernel[0, i, j] * kernel[1][other].sum()
            pairs += int(other.sum())
    expected = kernel[0].mean() * kernel[1].mean() - total / pairs
    found = areas(ratings, positive, "auroc", "unbiased")
    assert found.covariance[0, 1] == pytest.approx(expected, abs=1e-12)


@law
@given(st.integers(0, 10**6))
def test_jackknife_leaves_one_case_out(seed: int) -> None:
    made = simulated(seed, 1, 2, 15)
    ratings, positive = made.ratings[0], made.positive
    left_out = np.stack(
        [
            areas(np.delete(ratings, k, axis=1), np.delete(positive, k), "auroc", "delong").values
            for k in range(positive.size)
        ],
        axis=1,
    )
    expected = np.cov(left_out, bias=True) * (positive.size - 1)
    assert areas(ratings, positive, "auroc", "jackknife").covariance == pytest.approx(expected, abs=1e-12)


@law
@given(st.integers(0, 10**6))
def test_order_of_readers_and_cases_does_not_matter(seed: int) -> None:
    made = simulated(seed)
    stream = np.random.default_rng(seed)
    cases, order = stream.permutation(40), stream.permutation(4)
    mixed = made._replace(ratings=made.ratings[:, order][:, :, cases], positive=made.positive[cases])
    one, two = readers.obuchowski_rockette(made), readers.obuchowski_rockette(mixed)
    assert (one.f, one.df2, *one.covariances) == pytest.approx((two.f, two.df2, *two.covariances))
    turned = readers.obuchowski_rockette(made._replace(ratings=made.ratings[::-1]))
    assert turned.contrasts[0].value == pytest.approx(-one.contrasts[0].value)


def test_repeated_patients_and_calls() -> None:
    made = simulated(3)
    doubled = made._replace(ratings=np.tile(made.ratings, 2), positive=np.tile(made.positive, 2))
    once = readers.obuchowski_rockette(made, cluster=np.arange(40))
    assert once.error == pytest.approx(readers.obuchowski_rockette(made).error)
    twice = readers.obuchowski_rockette(doubled, cluster=np.tile(np.arange(40), 2))
    assert twice.error == pytest.approx(once.error)
    calls = made._replace(ratings=(made.ratings > 1.0).astype(float))
    for figure in ("sensitivity", "specificity"):
        found = readers.obuchowski_rockette(calls, figure=figure)
        hits = (
            calls.ratings[:, :, made.positive] if figure == "sensitivity" else 1 - calls.ratings[:, :, ~made.positive]
        )
        assert [arm.value for arm in found.arms] == pytest.approx(hits.mean(axis=(1, 2)))
    with pytest.raises(StatisticsError, match="choose 'delong'"):
        readers.obuchowski_rockette(made, covariance="unbiased", cluster=np.arange(40))
    with pytest.raises(StatisticsError, match="0 or 1"):
        readers.obuchowski_rockette(made, figure="sensitivity")


def test_the_model_against_readers() -> None:
    made = simulated(5, arms=1, count=6, cases=100)
    model = 2.5 * made.positive + np.random.default_rng(0).normal(size=100)
    found = readers.against_readers(model, made)
    mean = readers.single_arm(made)
    assert found.average.value == pytest.approx(
        areas(model[None], made.positive, "auroc", "delong").values[0] - mean.value
    )
    assert found.average.low > 0.0
    assert all(row.p_adjusted >= row.contrast.p for row in found.readers)
    # A panel's mean rating averages out the readers' noise, so that it is the harder opponent.
    assert found.panel.value < found.average.value


def test_readers_who_read_different_cases_are_refused() -> None:
    rows = [
        {"treatment": arm, "reader": reader, "case": str(case), "rating": str(case % 3), "truth": str(case % 2)}
        for arm in "ab"
        for reader in "xyz"
        for case in range(8)
    ]
    assert study(rows).ratings.shape == (2, 3, 8)
    with pytest.raises(StatisticsError, match=r"1 of 48 readings .* missing.* 7 of 8 cases are complete"):
        study(rows[:-1])
    with pytest.raises(StatisticsError, match="1 are given more than once"):
        study([*rows, rows[0]])
    rows[0] = {**rows[0], "truth": "1"}
    with pytest.raises(StatisticsError, match="both as positive and as negative"):
        study(rows)


def test_bad_input() -> None:
    made = simulated(1)
    with pytest.raises(StatisticsError, match="one arm"):
        readers.obuchowski_rockette(made._replace(ratings=made.ratings[:1]))
    with pytest.raises(StatisticsError, match="2 readers"):
        readers.obuchowski_rockette(made._replace(ratings=made.ratings[:, :1]))
    with pytest.raises(StatisticsError, match="of each outcome class"):
        readers.obuchowski_rockette(made._replace(positive=np.ones(40, dtype=np.bool_)))
    with pytest.raises(StatisticsError, match="no variation"):
        readers.obuchowski_rockette(made._replace(ratings=np.zeros((2, 4, 40))))
    alone = made._replace(ratings=np.zeros((1, 4, 40)))
    with pytest.raises(StatisticsError, match="rank the cases alike"):
        readers.against_readers(np.zeros(40), alone)
    calls = made._replace(ratings=(made.ratings > 1.0).astype(float))
    with pytest.raises(StatisticsError, match="of one patient"):
        readers.obuchowski_rockette(calls, figure="sensitivity", cluster=np.where(made.positive, 0, np.arange(40)))
    for one_arm in (readers.single_arm, lambda arms: readers.against_readers(np.zeros(40), arms)):
        with pytest.raises(StatisticsError, match="2 arms"):
            one_arm(made)
