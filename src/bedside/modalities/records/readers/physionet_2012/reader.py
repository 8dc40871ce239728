"""Files of stays of the challenge of 2012 as events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Part, Problems
from bedside.modalities.records.events.schema import BIRTH
from bedside.modalities.records.readers import stay_files
from bedside.modalities.records.readers.challenge_clock import OBSERVED_DAYS, ORIGIN, born
from bedside.modalities.records.readers.physionet_2012 import ends
from bedside.modalities.records.readers.stay_files import StayFiles
from bedside.modalities.records.readers.warehouse import raw

SYSTEM = "PN2012//"

HEADER = "Time,Parameter,Value"

DESCRIPTORS = ("Age", "Gender", "Height", "ICUType", "Weight")
"""Known at admission, -1 where they are not."""

UNITS: Mapping[str, tuple[str, str | None]] = {
    "Age": ("age", "years"),
    "Albumin": ("albumin", "g/dL"),
    "ALP": ("alkaline phosphatase", "IU/L"),
    "ALT": ("alanine transaminase", "IU/L"),
    "AST": ("aspartate transaminase", "IU/L"),
    "Bilirubin": ("bilirubin", "mg/dL"),
    "BUN": ("blood urea nitrogen", "mg/dL"),
    "Cholesterol": ("cholesterol", "mg/dL"),
    "Creatinine": ("serum creatinine", "mg/dL"),
    "DiasABP": ("diastolic blood pressure, invasive", "mmHg"),
    "FiO2": ("fraction of inspired oxygen", "fraction"),
    "GCS": ("Glasgow Coma Scale, 3 to 15", None),
    "Glucose": ("serum glucose", "mg/dL"),
    "HCO3": ("serum bicarbonate", "mmol/L"),
    "HCT": ("hematocrit", "%"),
    "Height": ("height", "cm"),
    "HR": ("heart rate", "bpm"),
    "K": ("serum potassium", "mEq/L"),
    "Lactate": ("lactate", "mmol/L"),
    "Mg": ("serum magnesium", "mg/dL"),  # the challenge writes mmol/L; a median of 2.0 is that of mg/dL
    "MAP": ("mean arterial pressure, invasive", "mmHg"),
    "MechVent": ("mechanical ventilation", None),
    "Na": ("serum sodium", "mEq/L"),
    "NIDiasABP": ("diastolic blood pressure, non-invasive", "mmHg"),
    "NIMAP": ("mean arterial pressure, non-invasive", "mmHg"),
    "NISysABP": ("systolic blood pressure, non-invasive", "mmHg"),
    "PaCO2": ("arterial partial pressure of carbon dioxide", "mmHg"),
    "PaO2": ("arterial partial pressure of oxygen", "mmHg"),
    "pH": ("arterial pH", None),
    "Platelets": ("platelets", "cells/nL"),
    "RespRate": ("respiration rate", "bpm"),
    "SaO2": ("oxygen saturation in hemoglobin", "%"),
    "SysABP": ("systolic blood pressure, invasive", "mmHg"),
    "Temp": ("temperature", "°C"),
    "TroponinI": ("troponin I", "ug/L"),
    "TroponinT": ("troponin T", "ug/L"),
    "Urine": ("urine output", "mL"),
    "WBC": ("white blood cell count", "cells/nL"),
    "Weight": ("weight", "kg"),
}
"""Words and unit of each variable (https://physionet.org/content/challenge-2012/1.0.0/)."""

UNITS_OF_CARE = {
    "1": "Coronary Care Unit",
    "2": "Cardiac Surgery Recovery Unit",
    "3": "Medical ICU",
    "4": "Surgical ICU",
}


@dataclass(frozen=True)
class PhysioNet2012:
    """The challenge's own layout: sets of stays in folders or archives, outcomes beside them.

    Attributes:
        path: The folder of the challenge, one set's folder, or one archive.

    Raises:
        RecordsProblem: There are no files of stays.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self._sets():
            msg = (
                f"{self.path} holds no files of stays; name the folder that holds set-a.tar.gz or set-a/, "
                "or one such archive or folder"
            )
            raise RecordsProblem(msg)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "physionet_2012"

    def parts(self) -> Sequence[Part]:
        """Each archive, some thousand files of each folder, and each file of outcomes."""
        files = ends.found(self.path) if self.path.is_dir() else []
        return [*(Stays(files) for files in self._sets()), *(ends.Ends(file) for file in files)]

    def descriptions(self) -> Mapping[str, str]:
        """The challenge's words for its variables."""
        return {SYSTEM + name: words for name, (words, _) in UNITS.items()}

    def _sets(self) -> list[StayFiles]:
        return stay_files.found(self.path, "[0-9]*.txt")


@dataclass(frozen=True)
class Stays:
    """Files of stays as a part."""

    files: StayFiles

    @property
    def name(self) -> str:
        """The archive, or the folder and its first file."""
        start = self.files.span[0]
        return f"{self.files.path.name} from file {start}" if start else self.files.path.name

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Descriptors and measurements of some hundred stays at a time.

        Raises:
            RecordsProblem: No file has the challenge's first line, or the archive is damaged.
        """
        seen = False
        for bundle in self.files.bundles(problems):
            ours = [(name, text) for name, text in bundle if text.split("\n", 1)[0].strip() == HEADER]
            if len(ours) < len(bundle):
                problems.add(f"a file that does not begin with {HEADER}", times=len(bundle) - len(ours))
            if ours:
                seen = True
                yield from _events(_rows(ours, problems), problems)
        if not seen:
            msg = f"{self.files.path}: no file begins with {HEADER}; name a set of the challenge of 2012"
            raise RecordsProblem(msg)


def _rows(files: Sequence[tuple[str, str]], problems: Problems) -> pl.DataFrame:
    """Columns: subject, minutes, parameter, written (the value as text), value."""
    cells = stay_files.lines(files, ",", 3, problems).with_columns(
        pl.col("line").str.split_exact(",", 2).struct.rename_fields(["clock", "parameter", "written"]).alias("cells")
    )
    clock = pl.col("clock").str.extract_groups(r"^(\d{1,4}):([0-5]\d)$")
    table = cells.unnest("cells").select(
        pl.col("file").alias("subject"),
        (clock.struct["1"].cast(pl.Int64) * 60 + clock.struct["2"].cast(pl.Int64)).alias("minutes"),
        pl.col("parameter").replace("", None),
        pl.col("written").str.strip_chars(),
        pl.col("written").str.strip_chars().cast(pl.Float64, strict=False).alias("value"),
    )
    for words, wrong in (
        ("Time is not written HH:MM", pl.col("minutes").is_null()),
        ("Value is no number", pl.col("value").is_null()),
        ("Parameter is empty", pl.col("parameter").is_null()),
    ):
        count = table.filter(wrong).height
        if count:
            problems.add(words, times=count)
    _check_record(table, problems)
    return table.filter(pl.col("value").is_not_null() & pl.col("parameter").is_not_null() & (_named() != "RecordID"))


def _check_record(table: pl.DataFrame, problems: Problems) -> None:
    other = table.filter((_named() == "RecordID") & (pl.col("written") != pl.col("subject"))).height
    if other:
        problems.add("RecordID is not the file's name, which is taken", times=other)


def _named() -> pl.Expr:
    return pl.col("parameter")


def _events(table: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
    at_admission = _named().is_in(DESCRIPTORS) & (pl.col("minutes") == 0)
    unknown = table.filter(at_admission & (pl.col("value") == -1))
    for parameter, count in unknown.group_by("parameter").len().sort("parameter").rows():
        problems.add(f"{parameter} is -1: not known", times=count)
    known = table.filter(~(at_admission & (pl.col("value") == -1)))
    subject = pl.col("subject")
    origin = pl.lit(ORIGIN).dt.cast_time_unit("us")
    gender, kind = known.filter(_named() == "Gender"), known.filter(_named() == "ICUType")
    sex = pl.col("value").replace_strict({0.0: "SEX//F", 1.0: "SEX//M"}, default=None, return_dtype=pl.String)
    yield _coded(raw(gender, subject, None, sex), "Gender", problems)
    unit = pl.col("written").replace_strict(UNITS_OF_CARE, default=None, return_dtype=pl.String)
    yield _coded(raw(kind, subject, origin, "ICU_START//" + unit, encounter=subject), "ICUType", problems)
    age = known.filter(at_admission & (_named() == "Age"))
    yield raw(age, subject, born(pl.col("value")), pl.lit(BIRTH))
    # Every stay was watched for 48 hours, also where its last measurement is earlier; a second later nobody sees it.
    watched = table.select("subject").unique(maintain_order=True)
    end = origin + pl.duration(days=OBSERVED_DAYS, seconds=1)
    yield raw(watched, subject, end, pl.lit(SYSTEM + "RECORD_END"), encounter=subject)
    measured = known.filter(~_named().is_in(["Gender", "ICUType"]))
    units = {name: unit for name, (_, unit) in UNITS.items()}
    yield raw(
        measured,
        subject,
        origin + pl.duration(minutes=pl.col("minutes")),
        SYSTEM + _named(),
        number=pl.col("value"),
        unit=_named().replace_strict(units, default=None, return_dtype=pl.String),
        encounter=subject,
    )


def _coded(events: pl.DataFrame, name: str, problems: Problems) -> pl.DataFrame:
    lost = events.filter(pl.col("code").is_null()).height
    if lost:
        problems.add(f"{name} is none of the values that the challenge allows", times=lost)
    return events.filter(pl.col("code").is_not_null())
