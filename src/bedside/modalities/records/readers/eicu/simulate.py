"""A synthetic twin of eICU: tables of invented stays in its own layout, for tests and first contact."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

LABORATORY: Final = (
    ("creatinine", "mg/dL", 1.2, 0.5, 0.5),
    ("BUN", "mg/dL", 24.0, 9.0, 10.0),
    ("lactate", "mmol/L", 1.8, 0.8, 1.6),
    ("platelets x 1000", "K/mcL", 210.0, 70.0, -30.0),
    ("WBC x 1000", "K/mcL", 11.0, 4.0, 3.0),
    ("Hgb", "g/dL", 11.0, 1.8, -0.7),
    ("sodium", "mmol/L", 138.0, 4.0, 0.0),
)
"""Name, unit, mean, spread, and how far the sickest stand from the mean."""

_PATH: Final = "notes/Progress Notes/Physical Exam/Physical Exam"
_CONSTITUTION: Final = f"{_PATH}/Constitutional/Vital Sign and Physiological Data"
_COMA: Final = f"{_PATH}/Neurologic/GCS"

CHARTED: Final = (
    (f"{_CONSTITUTION}/HR/HR Current", 86.0, 14.0, 10.0),
    (f"{_CONSTITUTION}/BP (systolic)/BP (systolic) Current", 122.0, 16.0, -14.0),
    (f"{_CONSTITUTION}/Resp Rate/Resp Current", 18.0, 3.0, 4.0),
    (f"{_CONSTITUTION}/O2 Sat%/O2 Sat% Current", 96.5, 1.5, -2.0),
)
"""Path of a finding, mean, spread, and how far the sickest stand from the mean."""

_SCORES: Final = (("Eyes", 4), ("Verbal", 5), ("Motor", 6))

DIAGNOSES: Final = (
    ("pulmonary|respiratory failure|acute respiratory failure", "518.81, J96.00", 0.30),
    ("renal|disorder of kidney|acute renal failure", "584.9, N17.9", 0.25),
    ("cardiovascular|ventricular disorders|congestive heart failure", "428.0, I50.9", 0.20),
    ("oncology|metastatic cancer", "199.0, C79.9", 0.08),
    ("endocrine|glucose metabolism|diabetes mellitus", "250.00, E11.9", 0.25),
    ("surgery|post-operative care", "", 0.20),
)
"""Words, codes of both editions as the source writes them, and how many have it."""

DRUGS: Final = ("NOREPINEPHRINE", "FUROSEMIDE", "INSULIN", "VANCOMYCIN")

_OFTEN_DIE: Final = 3.0
"""Log-odds against death in hospital in the middle of all."""

_ENTERED: Final = 90
"""Minutes within which a result is entered."""


def simulate_eicu(folder: Path, stays: int, seed: int) -> Path:
    """Write the patient table and those of laboratory, examinations, diagnoses and drugs.

    A hidden severity moves what is measured and who dies (about one in nine; in the demo one in twenty, of whom a
    small twin would hold none). A fifth of the patients come twice, some of these within one year, which leaves their
    admissions without a known order, as in the real tables.

    Args:
        folder: Where tables are written as CSV files; made if it is not there.
        stays: Stays in a unit, one an admission.
        seed: The same seed gives the same files, byte for byte.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("lab", "physicalExam", "diagnosis", "medication")}
    patients: list[dict[str, Any]] = []
    while len(patients) < stays:
        person = f"002-{1000 + len(patients)}"
        severity, age, sex = float(rng.normal()), int(rng.integers(20, 95)), str(rng.choice(["Female", "Male"]))
        years = sorted(int(year) for year in rng.integers(2014, 2016, 1 + int(rng.random() < 0.2)))
        for turn, year in enumerate(years[: stays - len(patients)]):
            stay = 141_000 + len(patients)
            last = turn == len(years) - 1
            died = last and rng.random() < 1 / (1 + np.exp(_OFTEN_DIE - 1.6 * severity))
            who = {"uniquepid": person, "gender": sex, "age": "> 89" if age > 89 else str(age)}
            patients.append(who | (stayed := _stay(stay, year, rng, died=bool(died))))
            for name, made in _within(stay, severity, stayed["unitdischargeoffset"], rng).items():
                rows[name] += made
    pl.DataFrame(patients).write_csv(folder / "patient.csv")
    for name, found in rows.items():
        pl.DataFrame(found, infer_schema_length=None).write_csv(folder / f"{name}.csv")
    return folder


def _stay(stay: int, year: int, rng: np.random.Generator, *, died: bool) -> dict[str, Any]:
    length = int(rng.integers(600, 9000))
    left = length if died else length + int(rng.integers(0, 6000))
    return {
        "patientunitstayid": stay,
        "patienthealthsystemstayid": stay - 20_000,
        "ethnicity": str(rng.choice(["Caucasian", "African American", "Hispanic", "Other/Unknown"])),
        "hospitalid": int(rng.choice([59, 71, 112, 138])),
        "hospitaladmittime24": f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:00",
        "hospitaladmitoffset": -int(rng.integers(5, 2000)),
        "hospitaladmitsource": "Emergency Department",
        "hospitaldischargeyear": year,
        "hospitaldischargeoffset": left,
        "hospitaldischargelocation": "Death" if died else str(rng.choice(["Home", "Skilled Nursing Facility"])),
        "hospitaldischargestatus": "Expired" if died else "Alive",
        "unittype": str(rng.choice(["Med-Surg ICU", "MICU", "SICU"])),
        "unitadmitsource": "Emergency Department",
        "unitstaytype": "stepdown/other" if rng.random() < 0.1 else "admit",
        "unitdischargeoffset": length,
        "unitdischargelocation": "Death" if died else "Floor",
        "unitdischargestatus": "Expired" if died else "Alive",
        "admissionheight": round(float(rng.normal(170, 10)), 1),
        "admissionweight": round(float(rng.normal(80, 18)), 1),
        "dischargeweight": None,
    }


def _within(stay: int, severity: float, length: int, rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    """What is measured, found, diagnosed and ordered in the first two days; minutes after the unit was entered."""
    end = min(length, 2880) - _ENTERED

    def moments(mean: float) -> list[int]:
        return sorted(rng.integers(0, end, rng.poisson(mean)).tolist())

    labs = [
        {
            "patientunitstayid": stay,
            "labresultoffset": at,
            "labresultrevisedoffset": at + int(rng.integers(5, _ENTERED)),
            "labname": name,
            "labresult": (value := _value(mean, spread, shift * severity, rng)),
            "labresulttext": str(value),
            "labmeasurenamesystem": unit,
        }
        for name, unit, mean, spread, shift in LABORATORY
        for at in moments(3)
    ]
    exams = [
        {"patientunitstayid": stay, "physicalexamoffset": at, **found}
        for at in moments(1.5)
        for found in _examined(severity, rng)
    ]
    held = [each for each in DIAGNOSES if rng.random() < each[2] * np.exp(0.4 * severity)]
    diagnoses = [
        {
            "patientunitstayid": stay,
            "diagnosisoffset": int(rng.integers(5, end)),
            "diagnosisstring": words,
            "icd9code": codes,
            "diagnosispriority": str(rng.choice(["Primary", "Major", "Other"])),
        }
        for words, codes, _ in held
    ]
    orders = [
        {
            "patientunitstayid": stay,
            "drugorderoffset": at,
            "drugname": str(rng.choice(DRUGS)),
            "drughiclseqno": None,
            "dosage": "1 dose",
        }
        for at in moments(1.5 + max(0.0, severity))
    ]
    return {"lab": labs, "physicalExam": exams, "diagnosis": diagnoses, "medication": orders}


def _examined(severity: float, rng: np.random.Generator) -> list[dict[str, str]]:
    """One examination: measurements with their numbers, and the coma scale with each score as the last step."""
    found = [
        {
            "physicalexampath": path,
            "physicalexamvalue": path.rpartition("/")[2],
            "physicalexamtext": f"{_value(mean, spread, shift * severity, rng):.0f}",
        }
        for path, mean, spread, shift in CHARTED
    ]
    for name, best in _SCORES:
        score = str(best - min(best - 1, int(rng.poisson(max(0.1, 0.5 * severity)))))
        path = f"{_COMA}/{name} Score/{score}"
        found.append({"physicalexampath": path, "physicalexamvalue": score, "physicalexamtext": score})
    return found


def _value(mean: float, spread: float, shift: float, rng: np.random.Generator) -> float:
    return round(max(float(rng.normal(mean + shift, spread)), mean / 20), 2)
