import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve
from tests.stats.cases import Binary, binary, binary_sample, given, law

from bedside.errors import StatisticsError
from bedside.stats import operating, partial_auroc, precision_recall


@law
@given(binary)
def test_fixed_points_are_read_from_the_curve(sample: Binary) -> None:
    ones = np.ones((1, sample.label.size))
    alarms, hits, _ = roc_curve(sample.label, sample.score, drop_intermediate=False)
    for target in (0.5, 0.8, 0.95):
        found = operating.sensitivity_at_specificity_statistic(sample.score, sample.label, target)(ones)[0]
        assert found == pytest.approx(hits[alarms <= 1.0 - target + 1e-12].max())
        turned = operating.specificity_at_sensitivity_statistic(sample.score, sample.label, target)(ones)[0]
        assert turned == pytest.approx((1.0 - alarms[hits >= target - 1e-12]).max())


@law
@given(binary)
def test_partial_area_is_that_of_scikit_learn(sample: Binary) -> None:
    ones = np.ones((1, sample.label.size))
    statistic = partial_auroc.partial_auroc_statistic(sample.score, sample.label, (0.7, 1.0))
    assert statistic(ones)[0] == pytest.approx(roc_auc_score(sample.label, sample.score, max_fpr=0.3))
    plain = [
        partial_auroc.partial_auroc_statistic(sample.score, sample.label, part, standardised=False)(ones)[0]
        for part in ((0.0, 0.4), (0.4, 1.0))
    ]
    assert sum(plain) == pytest.approx(roc_auc_score(sample.label, sample.score))


def test_weights_repeat_rows() -> None:
    sample = binary_sample(7, 50, ties=True)
    drawn = np.random.default_rng(0).integers(0, 3, 50)
    again = np.repeat(sample.score, drawn), np.repeat(sample.label, drawn)
    for make in (
        lambda s, y: operating.sensitivity_at_specificity_statistic(s, y, 0.8),
        partial_auroc.partial_auroc_statistic,
    ):
        whole = make(*again)(np.ones((1, drawn.sum())))
        assert make(sample.score, sample.label)(drawn[None, :].astype(float)) == pytest.approx(whole)


def test_intervals_hold_the_value_and_repeated_patients_widen_them() -> None:
    sample = binary_sample(1, 150, ties=False)
    kept = {"replicates": 400}
    for find in (operating.sensitivity_at_specificity, operating.specificity_at_sensitivity):
        once = find(sample.score, sample.label, 0.8, replicates=400)
        assert 0.0 <= once.low < once.value < once.high <= 1.0
        thrice = find(
            np.tile(sample.score, 3), np.tile(sample.label, 3), 0.8, cluster=np.tile(np.arange(150), 3), **kept
        )
        naive = find(np.tile(sample.score, 3), np.tile(sample.label, 3), 0.8, **kept)
        assert thrice.high - thrice.low > 1.3 * (naive.high - naive.low)
        assert (thrice.cases, thrice.patients) == (450, 150)
    area = partial_auroc.partial_auroc(sample.score, sample.label, replicates=400)
    assert area.low < area.value < area.high


def test_perfect_and_useless_learners_keep_their_width() -> None:
    label = np.arange(60) < 20
    perfect = operating.sensitivity_at_specificity(label.astype(float), label, 0.9, replicates=200)
    assert perfect.value == perfect.high == 1.0
    assert perfect.low < 0.9
    constant = operating.sensitivity_at_specificity(np.zeros(60), label, 0.9, replicates=200)
    assert (constant.value, constant.low) == (0.0, 0.0)
    assert constant.high > 0.1


def test_average_precision_limits() -> None:
    sample = binary_sample(2, 200, ties=False)
    logit = precision_recall.average_precision_interval(sample.score, sample.label)
    drawn = precision_recall.average_precision_bootstrap(sample.score, sample.label, replicates=500)
    assert (logit.low, logit.high) == pytest.approx((drawn.low, drawn.high), abs=0.08)
    perfect = precision_recall.average_precision_interval(sample.label.astype(float), sample.label)
    assert perfect.high == 1.0
    assert perfect.low < 0.98


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="specificity"):
        operating.sensitivity_at_specificity([0.1, 0.2], [0, 1], 1.0)
    with pytest.raises(StatisticsError, match="of each outcome class"):
        operating.specificity_at_sensitivity([0.1, 0.2], [1, 1], 0.9)
    with pytest.raises(StatisticsError, match="range"):
        partial_auroc.partial_auroc([0.1, 0.2], [0, 1], (0.9, 0.2))
    with pytest.raises(StatisticsError, match="of each outcome class"):
        precision_recall.average_precision_interval([0.1], [1])
