"""The words by which tables in clinics say what a column is: missing codes, units, identifiers, measurements."""

import re

MISSING_WORDS = frozenset(
    (
        "na", "n/a", "#n/a", "n.a.", "nan", "null", "?", ".", "-", "--", "unknown", "unk", "missing", "not available",
        "not recorded", "not known", "<na>", "nil value",
    )
)  # fmt: skip
"""Cells that mean "not known", case folded; an empty cell always does."""

DOUBTFUL_WORDS = frozenset(("none", "nil", "other", "not done", "not tested", "refused", "unspecified"))
"""Cells that may mean "not known" or may be an answer; reported, never changed."""

NEGATIVE_SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0)
POSITIVE_SENTINELS = (99.0, 999.0, 9999.0, 99999.0)

NEVER_ZERO = frozenset(
    (
        "glucose", "pressure", "bp", "sbp", "dbp", "systolic", "diastolic", "bmi", "weight", "height", "cholesterol",
        "chol", "ldl", "hdl", "trestbps", "temperature", "temp", "pulse", "hr", "heartrate", "respiration",
        "respiratory", "rr", "hemoglobin", "haemoglobin", "hgb", "hb", "hba1c", "sodium", "potassium", "chloride",
        "calcium", "creatinine", "albumin", "insulin", "skin", "skinthickness", "bloodpressure", "spo2", "oxygen",
        "saturation", "platelets", "hematocrit", "haematocrit", "ph", "urea", "bun", "lactate", "wbc", "rbc",
        "thalach", "mass",
    )
)  # fmt: skip
"""Parts of names of measurements that cannot be 0 in a living patient."""

IDENTIFIER = re.compile(
    r"(^|_)(id|ids|mrn|nhs|nhsno|ssn|uid|uuid|guid|pid|identifier|nbr|subjectid|patientid|recordid|studyid)(_|$)"
)
"""Names of identifiers, after `plain_name`."""

CODED = re.compile(r"(^|_)(type|code|class|category|group|status|stage|grade|kind|source)(_|$)")
"""Names of whole numbers that are codes and no amounts, after `plain_name`."""

UNITS = {
    "kg": "kg", "g": "g", "mg": "mg", "lb": "[lb_av]", "lbs": "[lb_av]", "cm": "cm", "mm": "mm", "m": "m",
    "inch": "[in_i]", "inches": "[in_i]", "mmhg": "mm[Hg]", "kpa": "kPa", "years": "a", "year": "a", "yrs": "a",
    "yr": "a", "months": "mo", "weeks": "wk", "days": "d", "hours": "h", "hrs": "h", "minutes": "min", "min": "min",
    "seconds": "s", "bpm": "/min", "percent": "%", "pct": "%", "mg_dl": "mg/dL", "g_dl": "g/dL", "g_l": "g/L",
    "mmol_l": "mmol/L", "umol_l": "umol/L", "meq_l": "meq/L", "iu_l": "[IU]/L", "u_l": "U/L", "ng_ml": "ng/mL",
    "ng_l": "ng/L", "pg_ml": "pg/mL", "ug_l": "ug/L", "mmol_mol": "mmol/mol", "kg_m2": "kg/m2", "ml": "mL", "l": "L",
    "ml_min": "mL/min", "mg_l": "mg/L", "celsius": "Cel", "degc": "Cel", "fahrenheit": "[degF]", "hz": "Hz",
}  # fmt: skip
"""Last parts of names to UCUM units, after `plain_name`."""


def plain_name(name: str) -> str:
    """A column name as lower-case words joined by underscores ("Weight (kg)" and "weightKg" give "weight_kg")."""
    parted = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.strip()).lower()
    return re.sub(r"[^a-z0-9%]+", "_", parted.replace("%", "percent")).strip("_")


def unit_in(name: str) -> str:
    """The UCUM unit that ends a column name, or ""."""
    for parts in (plain_name(name.lower()).split("_"), plain_name(name).split("_")):
        for length in (2, 1):
            unit = UNITS.get("_".join(parts[-length:])) if len(parts) > length else None
            if unit:
                return unit
    return ""


def never_zero(name: str) -> bool:
    """Whether a measurement of this name cannot be 0."""
    return bool(NEVER_ZERO.intersection(plain_name(name).split("_")))
