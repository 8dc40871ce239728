"""The icu_length_of_stay study conforms, and draws the days that the challenge states."""

from pathlib import Path

import pytest
from tests.conformance.source import absent
from tests.conformance.study import check_study

from bedside.applications.icu_length_of_stay.study import DIED, STAYS, draw, study
from bedside.data.files import data_root
from bedside.data.sample import Excluded, Sample
from bedside.modalities.records.cohort.draw import draw as drawn
from bedside.modalities.records.readers.physionet_2012 import outcomes


def test_conforms(tmp_path: Path) -> None:
    check_study(study(epochs=1, trials=1), tmp_path, n=100)


def test_death_ends_a_stay_and_an_unknown_length_is_no_sample() -> None:
    with STAYS.raw.simulated(120, seed=7) as (folder, table):
        told = {row["subject"]: row for row in table.iter_rows(named=True)}
        flow = drawn(folder, STAYS.cohort).flow
    stays = list(STAYS.simulate(120, seed=7))
    made = [one for stay in stays for one in draw(stay)]
    unknown = [one for one in made if isinstance(one, Excluded)]
    assert {one.reason for one in unknown} == {"length of stay not known"}
    assert {told[str(one.patient)]["length_of_stay_days"] for one in unknown} == {None}
    samples = [one for one in made if isinstance(one, Sample)]
    for one in samples:
        row = told[one.patient]
        assert one.outcome == row["length_of_stay_days"] - 1, "both to the end of the last day"
        assert (one.attributes["ended_in"] == DIED) == row["in_hospital_death"]
    deaths = sum(one.attributes["ended_in"] == DIED for one in samples)
    assert deaths
    assert any(note.startswith(f"{deaths} samples in whom the competing event came first") for note in flow.notes)


@pytest.mark.slow
def test_real_stays_have_the_length_that_the_challenge_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure: who is drawn, and how long they are said to have stayed, in both sets."""
    if reason := absent(STAYS):
        pytest.skip(reason)
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path))
    stated = {row["subject"]: row for row in outcomes(data_root() / "physionet2012").iter_rows(named=True)}
    made = [one for stay in STAYS.records(data_root()) for one in draw(stay)]
    samples = [one for one in made if isinstance(one, Sample)]
    assert (len(made), len(samples)) == (8_000, 7_886)
    assert sum(one.attributes["ended_in"] == DIED for one in samples) == 1_122
    for one in samples:
        row = stated[one.patient]
        last = row["survival_days"] if row["in_hospital_death"] else row["length_of_stay_days"]
        assert one.outcome == max(last, 2) - 1
