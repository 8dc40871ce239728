"""Every boundary of the two discharge scores, against the published tables."""

import polars as pl
import pytest

from bedside.applications.readmission.scores import hospital, lace
from bedside.modalities.tabular.table import Record, Table


def encounter(**cells: float | str | None) -> Record:
    """An encounter that scores no points but those of the given cells; a stay of 0 days occurs in no data."""
    blank: dict[str, float | str | None] = {
        "days_in_hospital": 0.0,
        "comorbidity_points": 0.0,
        "emergency_visits": 0.0,
        "admission_type": "elective",
        "procedures": 0.0,
        "inpatient_admissions": 0.0,
    }
    return Record(Table(pl.DataFrame([blank | cells])), 0)


@pytest.mark.parametrize(
    ("days", "points"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 4), (7, 5), (10, 5), (13, 5), (14, 7), (15, 7)],
)
def test_lace_length_of_stay(days: float, points: float) -> None:
    assert lace(encounter(days_in_hospital=days)) == points


@pytest.mark.parametrize(
    ("word", "points"),
    [("emergency", 3), ("urgent", 3), ("trauma", 3), ("elective", 0), ("newborn", 0), (None, 0)],
)
def test_lace_acuity(word: str | None, points: float) -> None:
    assert lace(encounter(admission_type=word)) == points


@pytest.mark.parametrize(("comorbidity", "points"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 5), (20, 5)])
def test_lace_comorbidity(comorbidity: float, points: float) -> None:
    assert lace(encounter(comorbidity_points=comorbidity)) == points


@pytest.mark.parametrize(("visits", "points"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (76, 4)])
def test_lace_emergency_visits(visits: float, points: float) -> None:
    assert lace(encounter(emergency_visits=visits)) == points


def test_lace_adds_up_to_nineteen() -> None:
    worst = encounter(days_in_hospital=14.0, admission_type="emergency", comorbidity_points=9.0, emergency_visits=9.0)
    assert lace(worst) == 19


@pytest.mark.parametrize("cell", ["days_in_hospital", "comorbidity_points", "emergency_visits"])
def test_lace_has_no_answer_for_an_unknown_part(cell: str) -> None:
    assert lace(encounter(**{cell: None})) is None


@pytest.mark.parametrize(("procedures", "points"), [(0, 0), (1, 1), (6, 1)])
def test_hospital_procedures(procedures: float, points: float) -> None:
    assert hospital(encounter(procedures=procedures)) == points


@pytest.mark.parametrize(
    ("word", "points"),
    [("emergency", 1), ("urgent", 1), ("trauma", 1), ("elective", 0), ("newborn", 0), (None, 0)],
)
def test_hospital_index_admission(word: str | None, points: float) -> None:
    assert hospital(encounter(admission_type=word)) == points


@pytest.mark.parametrize(("admissions", "points"), [(0, 0), (1, 0), (2, 2), (3, 2), (5, 2), (6, 5), (21, 5)])
def test_hospital_admissions_in_the_year_before(admissions: float, points: float) -> None:
    assert hospital(encounter(inpatient_admissions=admissions)) == points


@pytest.mark.parametrize(("days", "points"), [(1, 0), (4, 0), (5, 2), (6, 2), (14, 2)])
def test_hospital_length_of_stay(days: float, points: float) -> None:
    assert hospital(encounter(days_in_hospital=days)) == points


def test_hospital_adds_up_to_nine_of_thirteen() -> None:
    worst = encounter(procedures=1.0, admission_type="urgent", inpatient_admissions=6.0, days_in_hospital=5.0)
    assert hospital(worst) == 9


@pytest.mark.parametrize("cell", ["procedures", "inpatient_admissions", "days_in_hospital"])
def test_hospital_has_no_answer_for_an_unknown_part(cell: str) -> None:
    assert hospital(encounter(**{cell: None})) is None
