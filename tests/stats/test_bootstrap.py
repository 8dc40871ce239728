import numpy as np
import pytest
from scipy import stats
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import bootstrap as boot


@law
@given(binary)
def test_rows_of_a_patient_are_drawn_together_and_patients_keep_their_number(sample: Binary) -> None:
    drawn = np.vstack(list(boot.multiplicities(sample.patient, 7, sample.seed)))
    patients, first = np.unique(sample.patient, return_index=True)
    assert drawn.shape == (7, sample.patient.size)
    assert (drawn[:, first].sum(axis=1) == patients.size).all()
    for patient in patients:
        rows = drawn[:, sample.patient == patient]
        assert (rows == rows[:, :1]).all()


@law
@given(binary)
def test_the_stream_depends_on_the_seed_and_not_on_the_chunk(sample: Binary) -> None:
    whole = np.vstack(list(boot.multiplicities(sample.patient, 11, sample.seed, sample.label)))
    parts = np.vstack(list(boot.multiplicities(sample.patient, 11, sample.seed, sample.label, chunk=3)))
    other = np.vstack(list(boot.multiplicities(sample.patient, 11, sample.seed + 1, sample.label)))
    assert (whole == parts).all()
    assert (whole != other).any()


def test_large_samples_are_chunked_to_the_same_stream() -> None:
    patient = np.arange(60_000)
    whole = np.vstack(list(boot.multiplicities(patient, 12, 5)))
    parts = np.vstack(list(boot.multiplicities(patient, 12, 5, chunk=5)))
    assert (whole == parts).all()


def test_strata_keep_their_patients() -> None:
    patient = np.array(["a", "a", "b", "c", "d", "d"])
    stratum = np.array([0, 1, 1, 0, 0, 0])  # a has an event, so a and b are event patients
    drawn = np.vstack(list(boot.multiplicities(patient, 50, 0, stratum)))
    assert (drawn[:, [0, 2]].sum(axis=1) == 2).all()
    assert (drawn[:, [3, 4]].sum(axis=1) == 2).all()


def test_multiplicities_are_multinomial() -> None:
    drawn = np.vstack(list(boot.multiplicities(np.arange(40), 4000, 1)))
    assert drawn.mean() == 1.0
    assert drawn.var(axis=0).mean() == pytest.approx(1.0 - 1.0 / 40, rel=0.03)


def test_learners_share_the_weights() -> None:
    values = np.random.default_rng(0).normal(size=30)
    found = boot.bootstrap(
        [lambda w: w @ values / w.sum(axis=1), lambda w: w @ (values + 1.0) / w.sum(axis=1)], np.arange(30), 100, 3
    )
    assert found[1] - found[0] == pytest.approx(np.ones(100))


def test_percentiles_of_a_mean_agree_with_students() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = boot.bootstrap([lambda w: w @ values / w.sum(axis=1)], np.arange(400), 4000, 1)[0]
    limits = boot.percentile_interval(found)
    expected = stats.t.interval(0.95, 399, values.mean(), stats.sem(values))
    assert (limits.low, limits.high) == pytest.approx(expected, abs=0.02)


def test_bca_follows_scipy() -> None:
    values = np.random.default_rng(1).exponential(size=60)
    found = boot.bootstrap([lambda w: w @ values / w.sum(axis=1)], np.arange(60), 9999, 1)[0]
    jackknife = (values.sum() - values) / 59
    ours = boot.bca_interval(float(values.mean()), found, jackknife)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=9999, method="BCa", random_state=1).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_undefined_replicates_are_set_aside_but_not_many() -> None:
    values = np.append(np.arange(95.0), [np.nan] * 5)
    assert boot.percentile_interval(values).high < 95
    with pytest.raises(StatisticsError, match="50 of 100"):
        boot.percentile_interval(np.append(np.arange(50.0), [np.nan] * 50))
    with pytest.raises(StatisticsError, match="one side"):
        boot.bca_interval(-1.0, np.arange(100.0), np.arange(10.0))


def test_p_values_stay_between_zero_and_one() -> None:
    assert boot.two_sided_p(np.zeros(99)) == 1.0
    assert boot.two_sided_p(np.ones(99)) == pytest.approx(0.02)


@pytest.mark.parametrize(("patient", "replicates"), [([], 10), ([1, 2], 0)])
def test_nothing_to_draw_is_refused(patient: list[int], replicates: int) -> None:
    with pytest.raises(StatisticsError):
        next(boot.multiplicities(patient, replicates, 0))
