"""Tables of the hospital module (hosp/) as events, each at the time at which it was known.

Source of the columns: https://mimic.mit.edu/docs/iv/modules/hosp.
"""

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import BIRTH, DEATH
from bedside.modalities.records.readers.mimic_iv.admissions import Admissions
from bedside.modalities.records.readers.warehouse import Table, later, raw

SUBJECT, STAY = pl.col("subject_id"), pl.col("hadm_id")

OMR_UNITS = {"Lbs": "[lb_av]", "Inches": "[in_i]"}


def _patients(frame: pl.DataFrame, known: Admissions, problems: Problems) -> pl.DataFrame:
    joined = frame.join(known.deaths, on="subject_id", how="left").join(known.ancestry, on="subject_id", how="left")
    year = (pl.col("anchor_year") - pl.col("anchor_age")).cast(pl.Int32)
    unborn = joined.filter(year.is_null()).height
    if unborn:
        problems.add("hosp/patients: anchor_age or anchor_year is not known", times=unborn)
    died = joined.with_columns(died=pl.coalesce("deathtime", "dod")).filter(pl.col("died").is_not_null())
    told = joined.filter(pl.col("race").is_not_null())
    return pl.concat(
        [
            raw(joined.filter(pl.col("gender").is_not_null()), SUBJECT, None, "SEX//" + pl.col("gender")),
            raw(told, SUBJECT, None, "ANCESTRY//" + pl.col("race")),
            raw(joined.filter(year.is_not_null()), SUBJECT, pl.datetime(year, 1, 1, time_unit="us"), pl.lit(BIRTH)),
            raw(died, SUBJECT, pl.col("died"), pl.lit(DEATH)),
        ]
    )


def _admissions(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    died = pl.col("deathtime").is_not_null() | (pl.col("hospital_expire_flag") == "1")
    left = pl.when(died).then(pl.lit("DIED")).otherwise(pl.coalesce("discharge_location", pl.lit("UNKNOWN")))
    out = [
        raw(frame, SUBJECT, pl.col("admittime"), "ENCOUNTER_START//" + pl.col("admission_type"), encounter=STAY),
        raw(_with(frame, "dischtime"), SUBJECT, pl.col("dischtime"), "ENCOUNTER_END//" + left, encounter=STAY),
    ]
    for column, word in (
        ("admission_location", "ADMITTED_FROM"),
        ("insurance", "INSURANCE"),
        ("language", "LANGUAGE"),
        ("marital_status", "MARITAL_STATUS"),
    ):
        said = f"MIMIC//{word}//" + pl.col(column)
        out.append(raw(_with(frame, column), SUBJECT, pl.col("admittime"), said, encounter=STAY))
    for column, word in (("edregtime", "ED_START"), ("edouttime", "ED_END")):
        out.append(raw(_with(frame, column), SUBJECT, pl.col(column), pl.lit(f"MIMIC//{word}"), encounter=STAY))
    return pl.concat(out)


def _with(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.filter(pl.col(column).is_not_null())


def _transfers(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    moved = frame.filter((pl.col("eventtype") != "discharge") & pl.col("careunit").is_not_null())
    return raw(moved, SUBJECT, pl.col("intime"), "MIMIC//TRANSFER//" + pl.col("careunit"), encounter=STAY)


def _services(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    return raw(frame, SUBJECT, pl.col("transfertime"), "MIMIC//SERVICE//" + pl.col("curr_service"), encounter=STAY)


def _labs(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    """At the release of a result (storetime); a result is never known before its blood was drawn (charttime)."""
    return raw(
        frame,
        SUBJECT,
        later(pl.col("storetime"), pl.col("charttime")),
        "MIMIC//LAB//" + pl.col("itemid"),
        number=pl.col("valuenum"),
        text=_text(),
        unit=pl.col("valueuom"),
        encounter=STAY,
    )


def _text() -> pl.Expr:
    """The value where it is no number; what was blotted out for privacy ("___") says nothing."""
    return pl.when(pl.col("valuenum").is_null() & (pl.col("value") != "___")).then(pl.col("value"))


def _diagnoses(frame: pl.DataFrame, known: Admissions, problems: Problems) -> pl.DataFrame:
    return _coded(frame, known, problems, "CM")


def _procedures(frame: pl.DataFrame, known: Admissions, problems: Problems) -> pl.DataFrame:
    return _coded(frame, known, problems, "PCS")


def _coded(frame: pl.DataFrame, known: Admissions, problems: Problems, kind: str) -> pl.DataFrame:
    """Codes are assigned after discharge, for billing: they stand at the end of their stay, never on their own date."""
    table = known.end_of(frame).with_columns(code=icd(kind))
    other = table.filter(pl.col("code").is_null() & pl.col("icd_code").is_not_null()).height
    if other:
        problems.add("a code whose icd_version is neither 9 nor 10", times=other)
    endless = table.filter(pl.col("dischtime").is_null()).height
    if endless:
        problems.add("a code of an admission whose end is not known", times=endless)
    good = table.filter(pl.col("code").is_not_null() | pl.col("icd_code").is_null())
    return raw(good, SUBJECT, pl.col("dischtime"), pl.col("code"), encounter=STAY)


def icd(kind: str) -> pl.Expr:
    """Codes with their systems and their points, from `icd_code` and `icd_version`; null for another version.

    MIMIC leaves the point out: diagnosis "4280" is ICD9CM//428.0, "E9500" E950.0, "I5020" ICD10CM//I50.20; procedure
    "3893" is ICD9PCS//38.93, and those of ICD-10 have none.

    Args:
        kind: "CM" for diagnoses, "PCS" for procedures.
    """
    code, version = pl.col("icd_code").str.strip_chars().str.to_uppercase(), pl.col("icd_version").str.strip_chars()
    ninth = version == "9"
    if kind == "PCS":
        pointed = pl.when(ninth).then(_point(code, 2)).otherwise(code)
    else:
        pointed = pl.when(ninth & code.str.starts_with("E")).then(_point(code, 4)).otherwise(_point(code, 3))
    return pl.when(version.is_in(["9", "10"])).then("ICD" + version + f"{kind}//" + pointed)


def _point(code: pl.Expr, head: int) -> pl.Expr:
    pointed = code.str.slice(0, head) + "." + code.str.slice(head)
    return pl.when((code.str.len_chars() > head) & ~code.str.contains(".", literal=True)).then(pointed).otherwise(code)


def _prescriptions(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    dose = pl.col("dose_val_rx").str.replace_all(",", "").cast(pl.Float64, strict=False)
    return raw(
        frame,
        SUBJECT,
        pl.col("starttime"),
        "MIMIC//PRESCRIPTION//" + pl.col("drug").str.strip_chars(),
        number=dose,
        text=pl.when(dose.is_null()).then(pl.col("dose_val_rx")),
        unit=pl.col("dose_unit_rx"),
        encounter=STAY,
    )


def _emar(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    named = frame.filter(pl.col("medication").is_not_null())
    time = later(pl.col("charttime"), pl.col("storetime"))
    code = "MIMIC//EMAR//" + pl.col("medication")
    return raw(named, SUBJECT, time, code, text=pl.col("event_txt"), encounter=STAY)


def _microbiology(frame: pl.DataFrame, known: Admissions, _problems: Problems) -> pl.DataFrame:
    """A culture is sent when it is charted; what grew is known when it was stored, else when the stay had ended."""
    table = known.end_of(frame)
    sent = pl.coalesce("charttime", _last_second(pl.col("chartdate")))
    stored = pl.coalesce("storetime", _last_second(pl.col("storedate")), pl.col("dischtime"))
    specimens = table.unique(["micro_specimen_id", "test_itemid"], keep="first", maintain_order=True)
    grown = table.filter(pl.col("org_name").is_not_null())
    tried = grown.filter(pl.col("ab_name").is_not_null() & pl.col("interpretation").is_not_null())
    taken = "MIMIC//CULTURE//" + pl.col("spec_type_desc") + "//" + pl.col("test_name")
    organisms = grown.unique(["micro_specimen_id", "org_name"], keep="first", maintain_order=True)
    kind = "MIMIC//ORGANISM//" + pl.col("org_name")
    asked = "MIMIC//SUSCEPTIBILITY//" + pl.col("org_name") + "//" + pl.col("ab_name")
    named = specimens.filter(pl.col("test_name").is_not_null())
    return pl.concat(
        [
            raw(named, SUBJECT, sent, taken, encounter=STAY),
            raw(organisms, SUBJECT, later(sent, stored), kind, text=pl.col("spec_type_desc"), encounter=STAY),
            raw(tried, SUBJECT, later(sent, stored), asked, text=pl.col("interpretation"), encounter=STAY),
        ]
    )


def _last_second(day: pl.Expr) -> pl.Expr:
    return day.dt.truncate("1d") + pl.duration(hours=23, minutes=59, seconds=59)


def _outpatient(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    """Measurements with a date only, at its last second; a blood pressure becomes two."""
    value, name = pl.col("result_value").str.strip_chars(), pl.col("result_name")
    pair = value.str.extract_groups(r"^(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)$")
    pressure = name.str.starts_with("Blood Pressure")
    number = value.cast(pl.Float64, strict=False)
    time = pl.col("chartdate")
    unit = name.str.extract(r"\(([^()]+)\)\s*$").replace(OMR_UNITS)
    pairs = frame.filter(pressure & pair.struct["1"].is_not_null())
    others = frame.filter(~(pressure & pair.struct["1"].is_not_null()))
    mm = pl.lit("mm[Hg]")
    out = [
        raw(
            pairs,
            SUBJECT,
            time,
            "MIMIC//OMR//" + name + f" {word}",
            number=pair.struct[field].cast(pl.Float64),
            unit=mm,
        )
        for field, word in (("1", "systolic"), ("2", "diastolic"))
    ]
    text = pl.when(number.is_null()).then(value)
    return pl.concat([*out, raw(others, SUBJECT, time, "MIMIC//OMR//" + name, number=number, text=text, unit=unit)])


TABLES: tuple[Table[Admissions], ...] = (
    Table("hosp/patients", _patients, ("subject_id", "gender"), ("dod",), ("anchor_age", "anchor_year")),
    Table(
        "hosp/admissions",
        _admissions,
        (
            "subject_id", "hadm_id", "admission_type", "admission_location", "discharge_location", "insurance",
            "language", "marital_status", "race", "hospital_expire_flag",
        ),
        ("admittime", "dischtime", "deathtime", "edregtime", "edouttime"),
        optional=frozenset({"insurance", "language", "marital_status", "edregtime", "edouttime"}),
    ),
    Table("hosp/transfers", _transfers, ("subject_id", "hadm_id", "eventtype", "careunit"), ("intime",)),
    Table("hosp/services", _services, ("subject_id", "hadm_id", "curr_service"), ("transfertime",)),
    Table(
        "hosp/labevents",
        _labs,
        ("subject_id", "hadm_id", "itemid", "value", "valueuom"),
        ("charttime", "storetime"),
        ("valuenum",),
        divisible=True,
    ),
    Table("hosp/diagnoses_icd", _diagnoses, ("subject_id", "hadm_id", "icd_code", "icd_version")),
    Table("hosp/procedures_icd", _procedures, ("subject_id", "hadm_id", "icd_code", "icd_version")),
    Table(
        "hosp/prescriptions",
        _prescriptions,
        ("subject_id", "hadm_id", "drug", "dose_val_rx", "dose_unit_rx"),
        ("starttime",),
    ),
    Table("hosp/emar", _emar, ("subject_id", "hadm_id", "medication", "event_txt"), ("charttime", "storetime")),
    Table(
        "hosp/microbiologyevents",
        _microbiology,
        (
            "subject_id", "hadm_id", "micro_specimen_id", "test_itemid", "spec_type_desc", "test_name", "org_name",
            "ab_name", "interpretation",
        ),
        ("chartdate", "charttime", "storedate", "storetime"),
    ),
    Table("hosp/omr", _outpatient, ("subject_id", "result_name", "result_value"), ("chartdate",)),
)  # fmt: skip
"""Of the hospital module."""
