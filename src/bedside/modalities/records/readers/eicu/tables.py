"""Tables of eICU as events, each at the time at which it was known.

Source of the columns: https://eicu-crd.mit.edu/eicutables.
"""

import html
from collections.abc import Mapping

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import BIRTH, DEATH
from bedside.modalities.records.readers.eicu.stays import Stays, minutes_after
from bedside.modalities.records.readers.warehouse import Table, later, raw

SUBJECT, STAY, START = pl.col("subject"), pl.col("encounter"), pl.col("start")

PERIODIC: Mapping[str, str | None] = {
    "temperature": "°C", "sao2": "%", "heartrate": "/min", "respiration": "/min", "cvp": "mmHg", "etco2": "mmHg",
    "systemicsystolic": "mmHg", "systemicdiastolic": "mmHg", "systemicmean": "mmHg", "pasystolic": "mmHg",
    "padiastolic": "mmHg", "pamean": "mmHg", "st1": None, "st2": None, "st3": None, "icp": "mmHg",
}  # fmt: skip
"""Of the monitor, five-minute medians."""

APERIODIC: Mapping[str, str | None] = {
    "noninvasivesystolic": "mmHg", "noninvasivediastolic": "mmHg", "noninvasivemean": "mmHg", "paop": "mmHg",
    "cardiacoutput": "L/min", "cardiacinput": None, "svr": None, "svri": None, "pvr": None, "pvri": None,
}  # fmt: skip
"""Of the monitor, when they were taken."""

EXAM = r"^notes/Progress Notes/Physical Exam/(?:Physical Exam/)?"

LATER_NAMES = {"&#176;C": html.unescape("&#176;C")}


def _at(offset: str) -> pl.Expr:
    return minutes_after(START, pl.col(offset))


def _patients(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """Who a patient is, and the beginnings and ends of stays; weight and height as they were known at admission."""
    table = stays.of(frame, "patient", problems)
    first = table.filter(pl.col("first"))
    hospital = table.filter(pl.col("opens"))
    sex = pl.col("gender").replace_strict({"Female": "SEX//F", "Male": "SEX//M"}, default=None, return_dtype=pl.String)
    aged = first.filter(pl.col("years").is_not_null())
    birth = pl.col("admission") - pl.duration(days=((pl.col("years") + 0.5) * 365.25).floor().cast(pl.Int64))
    for name, count in (("age", len(first) - len(aged)), ("gender", first.filter(sex.is_null()).height)):
        if count:
            problems.add(f"patient: {name} is not known", times=count)
    out = [
        raw(first.filter(sex.is_not_null()), SUBJECT, None, sex),
        raw(first.filter(pl.col("ethnicity").is_not_null()), SUBJECT, None, "ANCESTRY//" + pl.col("ethnicity")),
        raw(aged, SUBJECT, birth, pl.lit(BIRTH)),
        _hospitals(hospital),
        _units(table),
    ]
    for column, offset, unit in (
        ("admissionheight", None, "cm"),
        ("admissionweight", None, "kg"),
        ("dischargeweight", "unitdischargeoffset", "kg"),
    ):
        known = table.filter(pl.col(column).is_not_null())
        time = START if offset is None else _at(offset)
        code = pl.lit(f"EICU//{column}")
        out.append(raw(known, SUBJECT, time, code, number=pl.col(column), unit=pl.lit(unit), encounter=STAY))
    return pl.concat(out)


def _hospitals(hospital: pl.DataFrame) -> pl.DataFrame:
    begun, died = pl.col("admission"), pl.col("hospitaldischargestatus") == "Expired"
    left = pl.when(died).then(pl.lit("DIED")).otherwise(pl.coalesce("hospitaldischargelocation", pl.lit("UNKNOWN")))
    ended = hospital.filter(pl.col("hospitaldischargeoffset").is_not_null())
    sources = hospital.filter(pl.col("hospitaladmitsource").is_not_null())
    ends = _at("hospitaldischargeoffset")
    return pl.concat(
        [
            raw(hospital, SUBJECT, begun, pl.lit("ENCOUNTER_START//INPATIENT"), encounter=STAY),
            raw(sources, SUBJECT, begun, "EICU//ADMITTED_FROM//" + pl.col("hospitaladmitsource"), encounter=STAY),
            raw(hospital, SUBJECT, begun, "EICU//HOSPITAL//" + pl.col("hospitalid"), encounter=STAY),
            raw(ended, SUBJECT, ends, "ENCOUNTER_END//" + left, encounter=STAY),
            raw(ended.filter(died), SUBJECT, ends, pl.lit(DEATH), encounter=STAY),
        ]
    )


def _units(table: pl.DataFrame) -> pl.DataFrame:
    """Step-down beds are no intensive care and have words of their own."""
    stepdown = (pl.col("unitstaytype") == "stepdown/other").fill_null(value=False)
    begin = pl.when(stepdown).then(pl.lit("EICU//STEPDOWN_START//")).otherwise(pl.lit("ICU_START//"))
    end = pl.when(stepdown).then(pl.lit("EICU//STEPDOWN_END//")).otherwise(pl.lit("ICU_END//"))
    died = pl.col("unitdischargestatus") == "Expired"
    left = pl.when(died).then(pl.lit("DIED")).otherwise(pl.coalesce("unitdischargelocation", pl.lit("UNKNOWN")))
    kind = pl.coalesce("unittype", pl.lit("UNKNOWN"))
    ended = table.filter(pl.col("unitdischargeoffset").is_not_null())
    sources = table.filter(pl.col("unitadmitsource").is_not_null())
    return pl.concat(
        [
            raw(table, SUBJECT, START, begin + kind, encounter=STAY),
            raw(sources, SUBJECT, START, "EICU//UNIT_ADMITTED_FROM//" + pl.col("unitadmitsource"), encounter=STAY),
            raw(ended, SUBJECT, _at("unitdischargeoffset"), end + left, encounter=STAY),
        ]
    )


def _labs(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """When the value that stands was entered (labresultrevisedoffset), never before the blood was drawn."""
    table = stays.of(frame, "lab", problems)
    text = pl.when(pl.col("labresult").is_null()).then(pl.col("labresulttext"))
    return raw(
        table,
        SUBJECT,
        later(_at("labresultoffset"), _at("labresultrevisedoffset")),
        "EICU//LAB//" + pl.col("labname").str.strip_chars(),
        number=pl.col("labresult"),
        text=text,
        unit=pl.col("labmeasurenamesystem").replace(LATER_NAMES),
        encounter=STAY,
    )


def _periodic(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    return _monitored(frame, stays, problems, "vitalPeriodic", PERIODIC)


def _aperiodic(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    return _monitored(frame, stays, problems, "vitalAperiodic", APERIODIC)


def _monitored(
    frame: pl.DataFrame, stays: Stays, problems: Problems, name: str, units: Mapping[str, str | None]
) -> pl.DataFrame:
    long = (
        stays.of(frame, name, problems)
        .unpivot(list(units), index=["subject", "encounter", "start", "observationoffset"], variable_name="name")
        .filter(pl.col("value").is_not_null())
    )
    unit = pl.col("name").replace_strict(dict(units), default=None, return_dtype=pl.String)
    code, time = "EICU//" + pl.col("name"), _at("observationoffset")
    return raw(long, SUBJECT, time, code, number=pl.col("value"), unit=unit, encounter=STAY)


def _nursing(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """When it was entered, never before the time that it was charted for."""
    table = stays.of(frame, "nurseCharting", problems)
    value = pl.col("nursingchartvalue").str.strip_chars()
    number = value.cast(pl.Float64, strict=False)
    words = [pl.col(f"nursingchartcelltype{part}").str.strip_chars() for part in ("vallabel", "valname")]
    return raw(
        table,
        SUBJECT,
        later(_at("nursingchartoffset"), _at("nursingchartentryoffset")),
        "EICU//NURSE//" + words[0] + pl.concat_str(pl.lit("//"), words[1]).fill_null(""),
        number=number,
        text=pl.when(number.is_null()).then(value),
        encounter=STAY,
    )


def _diagnoses(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """Entered during the stay: at their own time. Their ICD codes become events of their own."""
    table = stays.of(frame, "diagnosis", problems)
    named = "EICU//DIAGNOSIS//" + pl.col("diagnosisstring")
    coded = (
        table.with_columns(icd=pl.col("icd9code").str.split(","))
        .explode("icd")
        .with_columns(icd=pl.col("icd").str.strip_chars().str.to_uppercase())
    )
    listed = coded.filter(pl.col("icd").is_not_null() & (pl.col("icd") != ""))
    time, rank = _at("diagnosisoffset"), pl.col("diagnosispriority")
    return pl.concat(
        [
            raw(table, SUBJECT, time, named, text=rank, encounter=STAY),
            raw(listed, SUBJECT, time, icd(pl.col("icd")), encounter=STAY),
        ]
    )


def icd(code: pl.Expr) -> pl.Expr:
    """ICD-9-CM and ICD-10-CM stand in one column ("428.0, I50.9"); how a code is written tells which it is.

    Digits first, V with two digits and E with three are ICD-9 ("V58.61", "E950.3"); any other letter is ICD-10.
    """
    ninth = code.str.contains(r"^(\d{3}|V\d{2}|E\d{3})(\.\d{1,2})?$")
    return pl.when(ninth).then("ICD9CM//" + code).otherwise("ICD10CM//" + code)


def _admission_diagnoses(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    table = stays.of(frame, "admissionDx", problems)
    path = pl.col("admitdxpath").str.strip_prefix("admission diagnosis|")
    return raw(table, SUBJECT, _at("admitdxenteredoffset"), "EICU//ADMISSION_DX//" + path, encounter=STAY)


def _medications(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """At the order. That it was cancelled, and when it stopped, became known later and is left out."""
    table = stays.of(frame, "medication", problems)
    ingredient = pl.col("drughiclseqno").cast(pl.Int64).cast(pl.String)
    code = pl.coalesce("EICU//HICL//" + ingredient, "EICU//DRUG//" + pl.col("drugname").str.strip_chars())
    unnamed = table.filter(code.is_null()).height
    if unnamed:
        problems.add("medication: neither name nor ingredient", times=unnamed)
    named = table.filter(code.is_not_null())
    return raw(named, SUBJECT, _at("drugorderoffset"), code, text=pl.col("dosage"), encounter=STAY)


def _treatments(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    table = stays.of(frame, "treatment", problems)
    return raw(table, SUBJECT, _at("treatmentoffset"), "EICU//TREATMENT//" + pl.col("treatmentstring"), encounter=STAY)


def _exams(frame: pl.DataFrame, stays: Stays, problems: Problems) -> pl.DataFrame:
    """A path whose last step is the finding itself ("…/Motor Score/6") is coded without it."""
    table = stays.of(frame, "physicalExam", problems)
    path, leaf = pl.col("physicalexampath"), pl.col("physicalexamvalue")
    found = pl.coalesce("physicalexamtext", "physicalexamvalue").str.strip_chars()
    itself = (found == leaf).fill_null(value=False) & path.str.ends_with("/" + leaf)
    parent = path.str.head(path.str.len_chars().cast(pl.Int64) - leaf.str.len_chars().cast(pl.Int64) - 1)
    item = pl.when(itself).then(parent).otherwise(path).str.replace(EXAM, "")
    number = found.cast(pl.Float64, strict=False)
    text = pl.when(number.is_null()).then(found)
    code, time = "EICU//EXAM//" + item, _at("physicalexamoffset")
    return raw(table, SUBJECT, time, code, number=number, text=text, encounter=STAY)


STAY_ID = "patientunitstayid"

TABLES: tuple[Table[Stays], ...] = (
    Table(
        "patient",
        _patients,
        (
            STAY_ID, "gender", "ethnicity", "hospitalid", "hospitaladmitsource", "hospitaldischargelocation",
            "hospitaldischargestatus", "unittype", "unitadmitsource", "unitstaytype", "unitdischargelocation",
            "unitdischargestatus",
        ),
        numbers=(
            "hospitaldischargeoffset", "unitdischargeoffset", "admissionheight", "admissionweight", "dischargeweight"
        ),
    ),
    Table(
        "lab",
        _labs,
        (STAY_ID, "labname", "labresulttext", "labmeasurenamesystem"),
        numbers=("labresultoffset", "labresultrevisedoffset", "labresult"),
        divisible=True,
    ),
    Table("vitalPeriodic", _periodic, (STAY_ID,), numbers=("observationoffset", *PERIODIC), divisible=True),
    Table("vitalAperiodic", _aperiodic, (STAY_ID,), numbers=("observationoffset", *APERIODIC), divisible=True),
    Table(
        "nurseCharting",
        _nursing,
        (STAY_ID, "nursingchartcelltypevallabel", "nursingchartcelltypevalname", "nursingchartvalue"),
        numbers=("nursingchartoffset", "nursingchartentryoffset"),
    ),
    Table(
        "diagnosis",
        _diagnoses,
        (STAY_ID, "diagnosisstring", "icd9code", "diagnosispriority"),
        numbers=("diagnosisoffset",),
    ),
    Table("admissionDx", _admission_diagnoses, (STAY_ID, "admitdxpath"), numbers=("admitdxenteredoffset",)),
    Table(
        "medication",
        _medications,
        (STAY_ID, "drugname", "dosage"),
        numbers=("drugorderoffset", "drughiclseqno"),
    ),
    Table("treatment", _treatments, (STAY_ID, "treatmentstring"), numbers=("treatmentoffset",)),
    Table(
        "physicalExam",
        _exams,
        (STAY_ID, "physicalexampath", "physicalexamvalue", "physicalexamtext"),
        numbers=("physicalexamoffset",),
    ),
)  # fmt: skip
"""Those that are read; what is left out and why stands in docs/reference/records-icu.md."""
