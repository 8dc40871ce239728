import numpy as np
import pytest
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats.proportion import clopper_pearson, clustered_wilson, wilson


def test_newcombes_published_example() -> None:
    """Newcombe 1998, Stat Med 17:857, table I: 81 of 263 and 0 of 20."""
    assert (wilson(81, 263).low, wilson(81, 263).high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (wilson(0, 20).low, wilson(0, 20).high) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert (clopper_pearson(81, 263).low, clopper_pearson(81, 263).high) == pytest.approx((0.2527, 0.3676), abs=5e-5)
    assert (clopper_pearson(0, 20).low, clopper_pearson(0, 20).high) == pytest.approx((0.0, 0.1684), abs=5e-5)


@law
@given(st.integers(1, 400), st.floats(0.0, 1.0), st.floats(0.5, 0.999))
def test_limits_are_those_of_statsmodels(n: int, share: float, level: float) -> None:
    hits = round(share * n)
    for ours, name in ((wilson(hits, n, level), "wilson"), (clopper_pearson(hits, n, level), "beta")):
        low, high = proportion_confint(hits, n, 1.0 - level, name)
        assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)
        assert ours.low <= hits / n <= ours.high
        assert ours.high > ours.low


def test_repeated_cases_widen_the_interval() -> None:
    hit = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1] * 4)
    n = hit.size
    alone = clustered_wilson(hit, np.arange(n))
    assert alone.design_effect == 1.0
    twice = clustered_wilson(np.repeat(hit, 3), np.repeat(np.arange(n), 3))
    assert twice.design_effect == pytest.approx(3.0 * n / (n - 1))
    assert twice.high - twice.low == pytest.approx(alone.high - alone.low, rel=0.02)
    assert (twice.cases, twice.patients) == (3 * n, n)


def test_all_alike_within_patients_counts_patients() -> None:
    found = clustered_wilson(np.ones(40), np.arange(40) // 4)
    assert found.high == 1.0
    # Ten patients count, and Student's quantile stands for the normal one.
    assert wilson(6, 6).low < found.low < wilson(10, 10).low


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (3, 2), (-1, 2), (np.nan, 2)])
def test_what_is_no_proportion_is_refused(hits: float, n: float) -> None:
    with pytest.raises(StatisticsError, match="no proportion"):
        wilson(hits, n)


def test_other_bad_input() -> None:
    with pytest.raises(StatisticsError, match="one patient"):
        clustered_wilson([1], [0])
    with pytest.raises(StatisticsError, match="Level"):
        wilson(1, 2, 1.0)
    with pytest.raises(StatisticsError, match="0 and 1"):
        clustered_wilson([0.5, 1], [0, 1])
