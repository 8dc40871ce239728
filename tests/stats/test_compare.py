import numpy as np
import pytest
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as theirs
from statsmodels.stats.multitest import multipletests
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import compare


def test_approval_of_the_prime_minister() -> None:
    """[[101, 121], [59, 33]] as in R's mcnemar.test and exact2x2."""
    assert compare.mcnemar_counts(121, 59, "corrected").statistic == pytest.approx(20.6722, abs=5e-5)
    assert compare.mcnemar_counts(121, 59, "uncorrected").statistic == pytest.approx(21.3556, abs=5e-5)
    assert compare.mcnemar_counts(121, 59, "exact").p == pytest.approx(4.43445e-6, rel=1e-5)


@law
@given(st.integers(0, 80), st.integers(0, 80))
def test_forms_agree_with_statsmodels_and_stand_in_order(b: int, c: int) -> None:
    exact, mid = compare.mcnemar_counts(b, c, "exact").p, compare.mcnemar_counts(b, c, "mid-p").p
    assert exact == pytest.approx(theirs([[0, b], [c, 0]], exact=True).pvalue if b + c else 1.0)
    assert 0.0 < mid <= exact <= 1.0
    if b + c:
        form = compare.mcnemar_counts(b, c, "uncorrected")
        assert form.p == pytest.approx(theirs([[0, b], [c, 0]], exact=False, correction=False).pvalue)
        assert compare.mcnemar_counts(b, c, "corrected").p >= form.p


def test_newcombes_interval_of_a_paired_difference() -> None:
    """Newcombe 1998, Stat Med 17:2635, table III, method 10: cells 36, 12, 2, 0 give .2 [.0569, .3404]."""
    first = np.repeat([1, 1, 0, 0], [36, 12, 2, 0])
    second = np.repeat([1, 0, 1, 0], [36, 12, 2, 0])
    found = compare.mcnemar(first, second)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


@law
@given(binary)
def test_one_case_a_patient_is_the_uncorrected_form(sample: Binary) -> None:
    first, second = sample.score > 0, sample.other > 0
    one = compare.clustered_mcnemar(first, second, np.arange(first.size))
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    assert one.value == pytest.approx((b - c) / first.size)
    if b + c:
        from scipy.stats import t

        chi = compare.mcnemar_counts(b, c, "uncorrected").statistic
        assert one.p == pytest.approx(2.0 * t.sf(np.sqrt(chi), first.size - 1))
    twice = compare.clustered_mcnemar(np.tile(first, 2), np.tile(second, 2), np.tile(np.arange(first.size), 2))
    assert (twice.p, twice.low) == pytest.approx((one.p, one.low))


@law
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    assert compare.holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_corrected_resampled_t_by_hand() -> None:
    """Ten folds: t = mean / sqrt((1/10 + 1/9) var), 9 degrees of freedom (Nadeau and Bengio 2003, equation 14)."""
    values = np.array([0.02, 0.03, -0.01, 0.04, 0.01, 0.02, 0.05, 0.0, 0.03, 0.01])
    found = compare.corrected_resampled_t(values, 90, 10)
    from scipy.stats import t

    statistic = values.mean() / np.sqrt((0.1 + 1.0 / 9.0) * values.var(ddof=1))
    assert found.p == pytest.approx(2.0 * t.sf(statistic, 9))
    assert found.high - found.low == pytest.approx(2.0 * t.ppf(0.975, 9) * values.mean() / statistic)
    assert found.p > 2.0 * t.sf(values.mean() / np.sqrt(0.1 * values.var(ddof=1)), 9)


def test_no_difference_at_all() -> None:
    assert compare.corrected_resampled_t([0.0, 0.0, 0.0], 90, 10).p == 1.0
    assert compare.mcnemar([1, 0, 1], [1, 0, 1]).p == 1.0
    assert compare.mcnemar([1, 0, 1], [1, 0, 1]).high > 0.0
    assert compare.clustered_mcnemar([1, 0, 1], [1, 0, 1], [0, 0, 1]).p == 1.0


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="at least two splits"):
        compare.corrected_resampled_t([0.1], 90, 10)
    with pytest.raises(StatisticsError, match="same difference"):
        compare.corrected_resampled_t([0.1, 0.1], 90, 10)
    with pytest.raises(StatisticsError, match="NaN"):
        compare.holm([0.1, np.nan])
    with pytest.raises(StatisticsError, match="at least 0"):
        compare.mcnemar_counts(-1, 2)
    with pytest.raises(StatisticsError, match="one patient"):
        compare.clustered_mcnemar([1], [0], [5])
    with pytest.raises(StatisticsError, match="1 values where 2"):
        compare.mcnemar([1, 0], [1])
