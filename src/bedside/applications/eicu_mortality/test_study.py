"""The eicu_mortality study conforms, and keeps all subjects of a patient together."""

from pathlib import Path

import pytest
from tests.conformance.source import absent
from tests.conformance.study import check_study

from bedside.applications.eicu_mortality.charts import CODES, PARTS, examined
from bedside.applications.eicu_mortality.study import draw, person, study
from bedside.data.files import data_root
from bedside.data.sample import Sample


def test_conforms(tmp_path: Path) -> None:
    check_study(study(epochs=1, trials=1), tmp_path, n=120)


def test_subjects_of_one_patient_are_one_patient() -> None:
    cases = [case for case in study().source.simulate(120, seed=3) if case.sample]
    apart = {case.patient for case in cases if "/" in case.patient}
    assert len(apart) > len({person(subject) for subject in apart}) > 0
    for case in cases:
        (sample,) = draw(case)
        assert sample.patient == case.patient.split("/")[0]


def test_scores_read_what_examinations_write() -> None:
    """The coma scale is the sum of its parts, and stands only where all of them do."""
    histories = [case.history for case in study().source.simulate(30, seed=3) if case.history is not None]
    told = [examined(history) for history in histories]
    assert any(signs.known == 5 for signs in told), "pulse, pressure, breaths, saturation and coma scale"
    assert all(signs.coma_scale is None or 3 <= signs.coma_scale <= 15 for signs in told)
    for history, signs in zip(histories, told, strict=True):
        seen = {history.events.words[code] for code in history.events.codes[history.positions()]}
        assert (signs.coma_scale is not None) == (set(PARTS) <= seen)
        assert (signs.pulse is not None) == bool(set(CODES.pulse) & seen)


def test_the_excerpt_gives_few_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure: who is drawn from the real tables, and how few of them died."""
    if reason := absent(study().source):
        pytest.skip(reason)
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    made = [one for case in study().source.records(data_root()) for one in draw(case)]
    samples = [one for one in made if isinstance(one, Sample)]
    assert (len(samples), sum(one.outcome for one in samples)) == (98, 5)
    assert len({one.patient for one in samples}) < len(samples)
