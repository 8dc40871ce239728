from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import strategies as st
from tests.stats.cases import Binary, binary, given, law

from bedside.errors import StatisticsError
from bedside.stats import net_benefit as nb


def test_family_history_as_in_dcurves(vector: Callable[[str], list[dict[str, str]]]) -> None:
    rows = vector("dca/df_binary.csv")
    label, history = [row["cancer"] == "TRUE" for row in rows], [float(row["famhistory"]) for row in rows]
    curve = nb.decision_curve(history, label, [0.1, 0.2])
    assert curve.model == pytest.approx([0.0185185, 0.0016667], abs=5e-8)
    # Its file counts a threshold of 0 as "treat where the prediction exceeds 0"; ours treats at or above it: everyone.
    published = [row for row in vector("dca/r_case1_results.csv") if row["variable"] == "famhistory"][1:]
    curve = nb.decision_curve(history, label, [float(row["threshold"]) for row in published])
    assert curve.model == pytest.approx([float(row["net_benefit"]) for row in published], abs=1e-12)
    assert curve.avoided == pytest.approx([float(row["net_intervention_avoided"]) for row in published], abs=1e-9)
    everyone = [row for row in vector("dca/r_case1_results.csv") if row["variable"] == "all"][1:]
    assert curve.treat_all == pytest.approx([float(row["net_benefit"]) for row in everyone], abs=1e-9)


@law
@given(binary, st.floats(0.01, 0.95))
def test_net_benefit_from_its_definition(sample: Binary, threshold: float) -> None:
    chance = 1.0 / (1.0 + np.exp(-sample.score))
    n, flagged, odds = chance.size, chance >= threshold, threshold / (1.0 - threshold)
    expected = ((flagged & sample.label).sum() - odds * (flagged & ~sample.label).sum()) / n
    ones = np.ones((1, n))
    assert nb.net_benefit_statistic(chance, sample.label, threshold)(ones)[0] == pytest.approx(expected)
    curve = nb.decision_curve(chance, sample.label, [threshold])
    assert curve.model[0] == pytest.approx(expected)
    assert curve.low[0] < expected < curve.high[0]
    assert curve.standardised[0] == pytest.approx(expected / sample.label.mean())
    same = nb.net_benefit_statistic(chance, sample.label, threshold, float(sample.label.mean()))(ones)[0]
    assert same == pytest.approx(expected)


@law
@given(binary)
def test_a_declared_prevalence_undoes_enrichment(sample: Binary) -> None:
    chance = 1.0 / (1.0 + np.exp(-sample.score))
    drawn = np.where(sample.label, 3.0, 1.0)[None, :]
    share = float(sample.label.mean())
    enriched = np.repeat(chance, drawn[0].astype(int)), np.repeat(sample.label, drawn[0].astype(int))
    mended = nb.decision_curve(*enriched, [0.3], prevalence=share).model[0]
    assert mended == pytest.approx(nb.decision_curve(chance, sample.label, [0.3]).model[0])


@law
@given(binary)
def test_flagging_everyone_or_nobody(sample: Binary) -> None:
    n, share = sample.label.size, float(sample.label.mean())
    ones = np.ones((1, n))
    all_flagged = nb.net_benefit_statistic(np.ones(n), sample.label, 0.4)(ones)[0]
    assert all_flagged == pytest.approx(share - (1.0 - share) * 0.4 / 0.6)
    nobody = nb.net_benefit_interval(np.zeros(n), sample.label, 0.4)
    assert nobody.low < 0.0 < nobody.high
    clustered = nb.net_benefit_interval(1.0 - ones[0], sample.label, 0.4, cluster=sample.patient)
    assert clustered.low < 0.0 < clustered.high


def test_difference_is_paired() -> None:
    stream = np.random.default_rng(0)
    label = stream.random(300) < 0.3
    good, bad = np.clip(label * 0.6 + 0.2, 0, 1), stream.random(300)
    found = nb.net_benefit_difference(good, bad, label, 0.3)
    ones = np.ones((1, 300))
    parts = [nb.net_benefit_statistic(each, label, 0.3)(ones)[0] for each in (good, bad)]
    assert found.value == pytest.approx(parts[0] - parts[1])
    assert found.low > 0.0
    repeated = nb.net_benefit_difference(
        np.tile(good, 2), np.tile(bad, 2), np.tile(label, 2), 0.3, cluster=np.tile(np.arange(300), 2)
    )
    assert (repeated.low, repeated.high) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("threshold", [1.0, -0.1, float("nan")])
def test_thresholds_have_a_range(threshold: float) -> None:
    with pytest.raises(StatisticsError, match="Threshold"):
        nb.net_benefit_statistic([0.1, 0.2], [0, 1], threshold)


def test_bad_input() -> None:
    with pytest.raises(StatisticsError, match="prevalence"):
        nb.decision_curve([0.1, 0.2], [0, 1], [0.1], prevalence=0.0)
    with pytest.raises(StatisticsError, match="of each outcome class"):
        nb.decision_curve([0.1, 0.2], [1, 1], [0.1])
    with pytest.raises(StatisticsError, match=r"\[0, 1\]"):
        nb.decision_curve([0.1, 2.0], [1, 0], [0.1])
