"""Encounters with the study's predictors: coded columns become words, diagnoses become groups."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from bedside.applications.readmission import icd9
from bedside.applications.readmission.scores import ADMISSION_WORDS
from bedside.data.source import Derived
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.sources.diabetes_130 import DRUGS, Diabetes130

UNKNOWN = "not recorded"
"""A category of its own where not recording is informative (payer, speciality); elsewhere unknown is missing."""

DOSED = (
    *("insulin", "metformin", "glipizide", "glyburide"),
    *("glimepiride", "pioglitazone", "rosiglitazone", "repaglinide"),
)
"""Drugs given at more than one encounter in a hundred; the others are counted."""

_ADMISSION = dict(zip((1, 2, 3, 4, 7), ADMISSION_WORDS, strict=True))
_SOURCE = {
    **dict.fromkeys((1, 2, 3), "referral"),
    **dict.fromkeys((4, 5, 6, 10, 18, 22, 25), "transfer"),
    7: "emergency room",
    **dict.fromkeys((8, 11, 12, 13, 14, 19, 23, 24, 26), "other"),
}
_DISPOSITION = {
    1: "home",
    **dict.fromkeys((6, 8), "home with services"),
    **dict.fromkeys((2, 9, 27, 29), "acute hospital"),
    **dict.fromkeys((3, 15, 24), "skilled nursing"),
    **dict.fromkeys((4, 5, 22, 23, 28, 30), "other facility"),
    7: "left against advice",
    **dict.fromkeys((10, 12, 16, 17), "other"),
}
_SOURCES = tuple(dict.fromkeys(_SOURCE.values()))
_DISPOSITIONS = tuple(dict.fromkeys(_DISPOSITION.values()))
_MEASURED = {"None": "not measured", "Norm": "normal"}
_GLUCOSE = ("not measured", "normal", ">200", ">300")
_HBA1C = ("not measured", "normal", ">7", ">8")
_DOSE = ("No", "Steady", "Up", "Down")

_SPECIALTIES: tuple[tuple[str, str], ...] = (
    ("pediatric", "paediatrics"),
    ("perinatology", "paediatrics"),
    ("internalmedicine", "internal medicine"),
    ("hospitalist", "internal medicine"),
    ("emergency", "emergency"),
    ("family", "general practice"),
    ("cardiology", "cardiology"),
    ("orthopedics", "orthopaedics"),
    ("nephrology", "nephrology"),
    ("pulmonology", "pulmonology"),
    ("gastroenterology", "gastroenterology"),
    ("oncology", "oncology"),
    ("hematology", "oncology"),
    ("endocrinology", "endocrinology"),
    ("psych", "psychiatry"),
    ("neurology", "neurology"),
    ("obste", "obstetrics and gynaecology"),
    ("gynecology", "obstetrics and gynaecology"),
    ("urology", "urology"),
    ("rehabilitation", "rehabilitation"),
    ("radiolog", "radiology"),
    ("surg", "surgery"),
)
"""Part of a published name to the speciality; the first that fits decides."""
_SPECIALTY = (*dict.fromkeys(word for _, word in _SPECIALTIES), "other", UNKNOWN)

_PAYERS = {
    "MC": "Medicare",
    "MD": "Medicaid",
    "SP": "self-pay",
    **dict.fromkeys(("BC", "CM", "CP", "HM", "UN", "PO", "OG", "MP", "SI"), "private or other insurance"),
    **dict.fromkeys(("DM", "CH", "WC", "OT", "FR"), "other"),
}
_PAYER = (*dict.fromkeys(_PAYERS.values()), UNKNOWN)

SCHEMA = Schema(
    (
        Column("age", "number", unit="a", description="middle of the published ten-year band"),
        Column("sex", "category", categories=("female", "male"), description="sex"),
        Column("admission_type", "category", categories=ADMISSION_WORDS, description="type of admission"),
        Column("admission_source", "category", categories=_SOURCES, description="from where"),
        Column("discharged_to", "category", categories=_DISPOSITIONS, description="to where"),
        Column("payer", "category", categories=_PAYER, description="who pays"),
        Column("specialty", "category", categories=_SPECIALTY, description="speciality of the admitting physician"),
        Column("days_in_hospital", "number", unit="d", description="length of stay"),
        Column("laboratory_tests", "number", description="number of laboratory tests"),
        Column("procedures", "number", description="number of procedures other than laboratory tests"),
        Column("medications", "number", description="number of different drugs given"),
        Column("outpatient_visits", "number", description="in the year before"),
        Column("emergency_visits", "number", description="in the year before"),
        Column("inpatient_admissions", "number", description="in the year before"),
        Column("diagnoses", "number", description="number of diagnoses entered"),
        *(
            Column(f"diagnosis_{place}", "category", categories=icd9.GROUPS, description=f"the {word}, by group")
            for place, word in ((1, "first"), (2, "second"), (3, "third"))
        ),
        Column("comorbidity_points", "number", description="LACE comorbidity points over three diagnoses"),
        Column("glucose", "category", categories=_GLUCOSE, description="serum glucose during the stay, mg/dL"),
        Column("hba1c", "category", categories=_HBA1C, description="HbA1c during the stay, per cent"),
        *(Column(drug, "category", categories=_DOSE, description="given, and change of dose") for drug in DOSED),
        Column("diabetes_drugs", "number", description="number of diabetes drugs given"),
        Column("dose_changes", "number", description="number of diabetes drugs with a changed dose"),
    )
)
"""What is known at discharge. Race is not a predictor: it is what the audit looks at."""


@dataclass(frozen=True)
class Encounters(Derived):
    """Diabetes-130 with the study's predictors beside the published columns."""

    raw: Diabetes130 = field(default_factory=Diabetes130)

    def records(self, root: Path) -> Iterator[Record]:
        """Yield every encounter; raises FileProblem as `Diabetes130.records` does."""
        yield from _derived(self.raw.records(root))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """Yield n synthetic encounters."""
        yield from _derived(self.raw.simulate(n, seed=seed))


def _derived(raw: Iterator[Record]) -> Iterator[Record]:
    for first in raw:
        yield from records(Table(with_predictors(first.table.frame)))
        return


def with_predictors(frame: pl.DataFrame) -> pl.DataFrame:
    """The published columns that the cohort needs, and the predictors; outcome columns are not touched."""
    kept = ("encounter_id", "patient_nbr", "race", "gender", "discharge_disposition_id", "readmitted")
    diagnoses = [f"diag_{place}" for place in (1, 2, 3)]
    derived = frame.select(
        *(pl.col(name) for name in kept),
        age=pl.col("age").str.extract(r"\[(\d+)-").cast(pl.Float64) + 5,
        sex=_mapped("gender", {"Female": "female", "Male": "male"}),
        admission_type=_mapped("admission_type_id", _ADMISSION),
        admission_source=_mapped("admission_source_id", _SOURCE),
        discharged_to=_mapped("discharge_disposition_id", _DISPOSITION),
        payer=_mapped("payer_code", _PAYERS).fill_null(UNKNOWN),
        specialty=_specialty(),
        days_in_hospital=pl.col("time_in_hospital"),
        laboratory_tests=pl.col("num_lab_procedures"),
        procedures=pl.col("num_procedures"),
        medications=pl.col("num_medications"),
        outpatient_visits=pl.col("number_outpatient"),
        emergency_visits=pl.col("number_emergency"),
        inpatient_admissions=pl.col("number_inpatient"),
        diagnoses=pl.col("number_diagnoses"),
        glucose=pl.col("max_glu_serum").replace(_MEASURED),
        hba1c=pl.col("A1Cresult").replace(_MEASURED),
        diabetes_drugs=pl.sum_horizontal(pl.col(drug) != "No" for drug in DRUGS),
        dose_changes=pl.sum_horizontal(pl.col(drug).is_in(["Up", "Down"]) for drug in DRUGS),
        **{drug: pl.col(drug) for drug in DOSED},
    )
    groups = [
        pl.Series(f"diagnosis_{place}", [None if code is None else icd9.group(code) for code in frame[name]], pl.String)
        for place, name in enumerate(diagnoses, start=1)
    ]
    points = [icd9.comorbidity_points(codes) for codes in frame.select(diagnoses).iter_rows()]
    return derived.with_columns(*groups, pl.Series("comorbidity_points", points))


def _mapped(name: str, words: "dict[int, str] | dict[str, str]") -> pl.Expr:
    """Codes to words; a code without a word ("not available", "not mapped", unknown) is missing."""
    return pl.col(name).replace_strict(words, default=None, return_dtype=pl.String)


def _specialty() -> pl.Expr:
    name = pl.col("medical_specialty").str.to_lowercase()
    found: pl.Expr = pl.lit("other")
    for part, word in reversed(_SPECIALTIES):
        found = pl.when(name.str.contains(part, literal=True)).then(pl.lit(word)).otherwise(found)
    return pl.when(name.is_null() | (name == "physiciannotfound")).then(pl.lit(UNKNOWN)).otherwise(found)
