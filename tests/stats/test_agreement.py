import numpy as np
import pytest
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from tests.stats.cases import given, law

from bedside.errors import StatisticsError
from bedside.stats import agreement, icc, kappa, krippendorff

# Fleiss 1971, Psychol Bull 76:378: six psychiatrists' diagnoses of thirty patients.
DIAGNOSES = """
444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555
"""
FLEISS = np.array([[float(digit) - 1.0 for digit in row] for row in DIAGNOSES.split()])

# Krippendorff 2011: four observers, twelve units, missing readings.
OBSERVED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
).T

# Shrout and Fleiss 1979, Psychol Bull 86:420, table 2: four judges, six targets.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def pair(seed: int, n: int = 60, categories: int = 4) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    stream = np.random.default_rng(seed)
    first = stream.integers(0, categories, n)
    second = np.where(stream.random(n) < 0.5, first, stream.integers(0, categories, n))
    return first, second


def test_cohens_kappa_of_a_published_table() -> None:
    table = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
    plain = kappa.kappa_table(table)
    assert plain.value == pytest.approx(0.4842, abs=5e-5)
    assert plain.error == pytest.approx(0.1380, abs=5e-5)
    assert kappa.kappa_table(table, "linear").value == pytest.approx(0.4701, abs=5e-5)


@law
@given(st.integers(0, 10**6))
def test_kappas_and_their_errors_are_those_of_other_packages(seed: int) -> None:
    first, second = pair(seed)
    table = np.zeros((4, 4))
    np.add.at(table, (first, second), 1.0)
    for weighting in ("none", "linear", "quadratic"):
        ours = kappa.kappa_table(table, weighting)
        name = None if weighting == "none" else weighting
        assert ours.value == pytest.approx(cohen_kappa_score(first, second, weights=name))
        if weighting == "none":
            theirs = cohens_kappa(table)
        else:
            theirs = cohens_kappa(table, weights=np.arange(4), wt="linear" if weighting == "linear" else "quadratic")
        assert ours.error == pytest.approx(theirs.std_kappa)
        assert ours.null_error == pytest.approx(theirs.std_kappa0)
        estimate = kappa.cohen_kappa(first, second, 4, weighting)
        assert estimate.low < estimate.value < estimate.high
        ones = np.ones((1, 60))
        assert kappa.kappa_statistic(first, second, 4, weighting)(ones)[0] == pytest.approx(ours.value)


@law
@given(st.integers(0, 10**6))
def test_kappa_of_repeated_patients(seed: int) -> None:
    first, second = pair(seed)
    once = kappa.cohen_kappa(first, second, 4, cluster=np.arange(60))
    twice = kappa.cohen_kappa(np.tile(first, 2), np.tile(second, 2), 4, cluster=np.tile(np.arange(60), 2))
    plain = kappa.cohen_kappa(first, second, 4)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))
    assert (once.low, once.high) == pytest.approx((plain.low, plain.high))
    turned = kappa.cohen_kappa(second, first, 4)
    assert (turned.value, turned.low) == pytest.approx((plain.value, plain.low))


def test_perfect_agreement_keeps_its_width() -> None:
    with pytest.raises(StatisticsError, match="two patients"):
        kappa.cohen_kappa([0], [1], 3)
    found = kappa.cohen_kappa([0, 1, 2, 1], [0, 1, 2, 1], 3)
    assert found.value == found.high == 1.0
    assert found.low < 0.6


def test_fleiss_1971() -> None:
    counts = agreement.rating_counts(FLEISS, 5)
    found = agreement.fleiss_kappa(counts)
    assert found.value == pytest.approx(0.4302445, abs=5e-8)
    assert found.value == pytest.approx(fleiss_kappa(counts))
    assert found.low < found.value < found.high


def test_two_raters_by_hand() -> None:
    """118 of 125 agree (Gwet 2008, table 1 and section 3): AC1 .9404, kappa near 0 all the same."""
    first = np.repeat([0.0, 0.0, 1.0, 1.0], [118, 5, 2, 0])
    second = np.repeat([0.0, 1.0, 0.0, 1.0], [118, 5, 2, 0])
    counts = agreement.rating_counts(np.column_stack([first, second]), 2)
    assert agreement.percent_agreement(counts).value == pytest.approx(118 / 125)
    assert agreement.gwet_ac1(counts).value == pytest.approx(0.9408, abs=1e-3)
    assert kappa.kappa_table([[118, 5], [2, 0]]).value == pytest.approx(-0.0234, abs=1e-3)


def test_linearised_error_follows_the_jackknife() -> None:
    counts = agreement.rating_counts(FLEISS, 5)
    for measure in (agreement.fleiss_kappa, agreement.gwet_ac1, agreement.percent_agreement):
        found = measure(counts)
        left_out = np.array([measure(np.delete(counts, k, axis=0)).value for k in range(30)])
        error = np.sqrt(29 / 30 * ((left_out - left_out.mean()) ** 2).sum())
        assert (found.high - found.low) / 2 / 2.04523 == pytest.approx(error, rel=0.05)
        twice = measure(np.tile(counts, (2, 1)), cluster=np.tile(np.arange(30), 2))
        assert (twice.value, twice.low) == pytest.approx((found.value, found.low))


def test_missing_ratings_are_left_out() -> None:
    with_gap = FLEISS.copy()
    with_gap[0, :5] = np.nan
    found = agreement.percent_agreement(agreement.rating_counts(with_gap, 5))
    assert found.cases == 29
    assert agreement.gwet_ac1(agreement.rating_counts(with_gap, 5)).value < 1.0


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_2011(scale: krippendorff.Scale, published: float) -> None:
    found = krippendorff.krippendorff_alpha(OBSERVED, scale, replicates=200)
    assert found.value == pytest.approx(published, abs=6e-4)
    assert found.low < found.value <= found.high


@law
@given(st.integers(0, 10**6))
def test_alpha_of_repeated_units_and_order_of_raters(seed: int) -> None:
    ratings = np.column_stack(pair(seed, 25)).astype(float)
    ones = np.ones((1, 25))
    for scale in ("nominal", "ordinal", "interval"):
        statistic = krippendorff.alpha_statistic(ratings, scale)
        drawn = np.random.default_rng(seed).integers(0, 3, 25)
        again = krippendorff.alpha_statistic(np.repeat(ratings, drawn, axis=0), scale)
        assert statistic(drawn[None, :].astype(float)) == pytest.approx(again(np.ones((1, drawn.sum()))))
        turned = krippendorff.alpha_statistic(ratings[:, ::-1], scale)
        assert statistic(ones) == pytest.approx(turned(ones))


def test_shrout_and_fleiss_1979() -> None:
    published = {"one-way": (0.17, 0.44), "agreement": (0.29, 0.62), "consistency": (0.71, 0.91)}
    for form, (single, mean) in published.items():
        found = icc.icc(JUDGES, form)  # type: ignore[arg-type]
        assert found.value == pytest.approx(single, abs=5e-3)
        assert icc.icc(JUDGES, form, average=True).value == pytest.approx(mean, abs=5e-3)  # type: ignore[arg-type]
        assert found.low < found.value < found.high
    # psych::ICC prints these limits.
    assert (icc.icc(JUDGES, "one-way").low, icc.icc(JUDGES, "one-way").high) == pytest.approx((-0.13, 0.72), abs=5e-3)
    limits = icc.icc(JUDGES, "consistency")
    assert (limits.low, limits.high) == pytest.approx((0.34, 0.95), abs=5e-3)


@law
@given(st.integers(0, 10**6))
def test_an_offset_counts_against_agreement_only(seed: int) -> None:
    stream = np.random.default_rng(seed)
    table = stream.normal(size=(15, 1)) + stream.normal(0, 0.5, (15, 3))
    moved = table + np.array([0.0, 5.0, -5.0])
    assert icc.icc(moved, "consistency").value == pytest.approx(icc.icc(table, "consistency").value)
    assert icc.icc(moved, "agreement").value < icc.icc(table, "consistency").value
    clustered = icc.clustered_icc(table, np.arange(15) // 2, replicates=100)
    assert clustered.value == pytest.approx(icc.icc(table).value)


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="one and the same category"):
        kappa.cohen_kappa([1, 1], [1, 1], 3)
    with pytest.raises(StatisticsError, match="whole numbers"):
        kappa.cohen_kappa([1, 3], [1, 1], 3)
    with pytest.raises(StatisticsError, match="square"):
        kappa.kappa_table([[1, 2, 3], [1, 2, 3]])
    with pytest.raises(StatisticsError, match="counts"):
        kappa.kappa_table([[0, 0], [0, 0]])
    with pytest.raises(StatisticsError, match="one category"):
        agreement.fleiss_kappa([[3, 0], [3, 0]])
    with pytest.raises(StatisticsError, match="at least two such"):
        agreement.percent_agreement([[1, 0], [3, 0]])
    with pytest.raises(StatisticsError, match="one patient"):
        agreement.gwet_ac1([[2, 1], [3, 0]], cluster=[0, 0])
    with pytest.raises(StatisticsError, match="whole numbers"):
        agreement.rating_counts([[0.0, 7.0]], 3)
    with pytest.raises(StatisticsError, match="two ratings"):
        krippendorff.alpha_statistic([[1.0, np.nan], [np.nan, 1.0]])
    with pytest.raises(StatisticsError, match="equal"):
        krippendorff.krippendorff_alpha([[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(StatisticsError, match="negative"):
        krippendorff.alpha_statistic([[1.0, -1.0]], "ratio")
    with pytest.raises(StatisticsError, match="every cell"):
        icc.icc([[1.0, np.nan], [2.0, 1.0]])
    with pytest.raises(StatisticsError, match="equal"):
        icc.icc([[1.0, 1.0], [1.0, 1.0]])
    for form in ("agreement", "consistency"):
        with pytest.raises(StatisticsError, match="no width"):
            icc.icc([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], form)


def test_all_alike_keeps_its_width() -> None:
    found = agreement.percent_agreement([[3, 0], [0, 3], [3, 0]])
    assert found.value == found.high == 1.0
    assert found.low < 0.5
