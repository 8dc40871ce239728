"""The icu_mortality study conforms, and draws what the challenge says."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.source import absent
from tests.conformance.study import check_study

from bedside.applications.icu_mortality.study import STAYS, draw, study
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.explain.records.events import EventContributions
from bedside.explain.records.explainer import RecordExplainer
from bedside.explain.records.gradients import EventGradients
from bedside.modalities.records.readers.physionet_2012 import outcomes
from bedside.sources.physionet_2012 import SAPS_I, SOFA


def test_conforms(tmp_path: Path) -> None:
    # Few points on the path of integrated gradients: their number has a test of its own.
    few = RecordExplainer(EventContributions(EventGradients(steps=8)))
    declared = study(epochs=2, trials=1)
    check_study(replace(declared, explainers=(few, *declared.explainers[1:])), tmp_path, n=120)


def test_outcomes_and_the_scores_beside_them_are_nothing_a_model_sees() -> None:
    for stay in STAYS.simulate(24, seed=3):
        (sample,) = draw(stay)
        assert isinstance(sample, Sample)
        history = sample.predictors
        seen = {history.events.words[code] for code in history.events.codes[history.positions()]}
        assert not {word for word in seen if "SAPS" in word or "SOFA" in word or word.startswith("ENCOUNTER_END")}
        assert history.recorded(SOFA) is not None
        assert set(dict(history.beside)) <= {SAPS_I, SOFA}


@pytest.mark.slow
def test_real_stays_are_drawn_with_the_outcome_that_the_challenge_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No figure: who is drawn, and what is said to have become of them, in both sets."""
    if reason := absent(STAYS):
        pytest.skip(reason)
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    stays = list(STAYS.records(data_root()))
    stated = dict(outcomes(data_root() / "physionet2012").select("subject", "in_hospital_death").iter_rows())
    samples = [sample for stay in stays for sample in draw(stay) if isinstance(sample, Sample)]
    assert len(samples) == 8_000
    assert all(sample.outcome == stated[sample.patient] for sample in samples)
    assert sum(sample.outcome for sample in samples if sample.attributes["set"] == "a") == 554
    assert sum(sample.outcome for sample in samples if sample.attributes["set"] == "b") == 568
