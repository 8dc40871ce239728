"""The next_diagnoses study conforms, and asks for the diagnoses that development chose."""

from itertools import pairwise
from pathlib import Path

import pytest
from tests.conformance.source import absent
from tests.conformance.study import check_study

from bedside.applications.next_diagnoses.labels import DEVELOPMENT, LABELS, TEST, TimesBefore, partition
from bedside.applications.next_diagnoses.study import COHORT, draw, study
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.modalities.records.cohort.frequent import most_frequent
from bedside.modalities.records.cohort.outcome import Multilabel


def test_conforms(tmp_path: Path) -> None:
    check_study(study(epochs=1, trials=1), tmp_path, n=20)


def test_a_diagnosis_of_the_next_encounter_is_history_one_later() -> None:
    cases = [case for case in study().source.simulate(6, seed=3) if case.history is not None]
    pairs = [(one, other) for one, other in pairwise(cases) if one.patient == other.patient]
    came = 0
    for one, other in pairs:
        (now,), (later,) = draw(one), draw(other)
        assert isinstance(now, Sample)
        assert isinstance(later, Sample)
        for code, comes in zip(LABELS.values(), now.outcome, strict=True):
            before = TimesBefore(code)
            assert (before(later.predictors) > before(now.predictors)) == comes
            came += bool(comes)
    assert came


def test_the_diagnoses_are_those_that_development_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who is judged has a say in what is asked."""
    if reason := absent(study().source):
        pytest.skip(reason)
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    assert isinstance(COHORT.outcome, Multilabel)
    assert COHORT.outcome.most_frequent == len(LABELS)
    cases = [case for case in study().source.records(data_root()) if case.history is not None]
    learned = [(case.patient, case.label["codes"]) for case in cases if partition(case.patient) == DEVELOPMENT]
    assert set(most_frequent(learned, len(LABELS))) == set(LABELS.values())
    judged = {case.patient for case in cases if partition(case.patient) == TEST}
    assert (len(cases), len(judged)) == (504, 4)
