"""The parts of the LACE index and of the HOSPITAL score that the Diabetes-130 data allow.

Scores are written as tables, so that each boundary can be read, and tested, against the paper.
"""

from bedside.modalities.tabular.table import Record

ADMISSION_WORDS = ("emergency", "urgent", "elective", "newborn", "trauma")
"""Words of the predictor `admission_type`; missing where the hospital did not say."""

EMERGENT = frozenset({"emergency", "urgent", "trauma"})
"""Admission types that both scores call emergent, urgent or acute."""

LACE_STAY = ((1, 0), (2, 1), (3, 2), (4, 3), (7, 4), (14, 5))
"""(days below, points): under 1 day 0, 1 day 1, 2 days 2, 3 days 3, 4 to 6 days 4, 7 to 13 days 5; longer 7."""
LACE_STAY_BEYOND = 7
LACE_EMERGENT = 3
LACE_COMORBIDITY = ((1, 0), (2, 1), (3, 2), (4, 3))
"""(comorbidity points below, points): 0 to 3 count as they are; 4 and more count 5."""
LACE_COMORBIDITY_BEYOND = 5
LACE_VISITS = ((1, 0), (2, 1), (3, 2), (4, 3))
"""(emergency visits below, points): 0 to 3 count as they are; 4 and more count 4."""
LACE_VISITS_BEYOND = 4

HOSPITAL_PROCEDURE = 1
HOSPITAL_EMERGENT = 1
HOSPITAL_ADMISSIONS = ((2, 0), (6, 2))
"""(admissions in the year before below, points): 0 or 1 is 0, 2 to 5 is 2; more than 5 is 5."""
HOSPITAL_ADMISSIONS_BEYOND = 5
HOSPITAL_STAY = ((5, 0),)
"""(days below, points): 5 days and more are 2."""
HOSPITAL_STAY_BEYOND = 2

LACE_PARTS = (
    "Length of stay, Acuity and emergency visits of the LACE index (van Walraven et al., CMAJ 2010). Its Comorbidity "
    "part sees three diagnoses at three digits instead of the full history; emergency visits are of the year before, "
    "where the index asks for six months."
)
HOSPITAL_PARTS = (
    "Procedure, Index admission type, number of Admissions in the year before and Length of stay of the HOSPITAL "
    "score "
    "(Donzé et al., JAMA Intern Med 2016), 9 of its 13 points; haemoglobin, sodium and discharge from an oncology "
    "service are not in the data and count 0."
)


def lace(record: Record) -> float | None:
    """The LACE index, 0 to 19, as far as the data allow (`LACE_PARTS`); None where the stay is unknown.

    An admission type that was not recorded counts as not emergent, as a bedside scorer would leave the box open.
    """
    stay, comorbidity, visits = record["days_in_hospital"], record["comorbidity_points"], record["emergency_visits"]
    if stay is None or comorbidity is None or visits is None:
        return None
    acuity = LACE_EMERGENT if record["admission_type"] in EMERGENT else 0
    return float(
        _points(stay, LACE_STAY, LACE_STAY_BEYOND)
        + acuity
        + _points(comorbidity, LACE_COMORBIDITY, LACE_COMORBIDITY_BEYOND)
        + _points(visits, LACE_VISITS, LACE_VISITS_BEYOND)
    )


def hospital(record: Record) -> float | None:
    """The HOSPITAL score, 0 to 9 of its 13 points (`HOSPITAL_PARTS`); None where a part is unknown."""
    procedures, admissions, stay = record["procedures"], record["inpatient_admissions"], record["days_in_hospital"]
    if procedures is None or admissions is None or stay is None:
        return None
    return float(
        (HOSPITAL_PROCEDURE if procedures > 0 else 0)
        + (HOSPITAL_EMERGENT if record["admission_type"] in EMERGENT else 0)
        + _points(admissions, HOSPITAL_ADMISSIONS, HOSPITAL_ADMISSIONS_BEYOND)
        + _points(stay, HOSPITAL_STAY, HOSPITAL_STAY_BEYOND)
    )


def _points(value: float, table: tuple[tuple[int, int], ...], beyond: int) -> int:
    for below, points in table:
        if value < below:
            return points
    return beyond
