"""PhysioNet/CinC Challenge 2019, early warning of sepsis: one .psv file a stay in intensive care, one line an hour."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Layout, Part, Problems
from bedside.modalities.records.events.schema import BIRTH
from bedside.modalities.records.readers import stay_files
from bedside.modalities.records.readers.challenge_clock import ORIGIN, born
from bedside.modalities.records.readers.stay_files import StayFiles
from bedside.modalities.records.readers.warehouse import raw

SYSTEM = "PN2019//"

LABEL = "SepsisLabel"

MEASURED: Mapping[str, tuple[str, str | None]] = {
    "HR": ("heart rate", "bpm"),
    "O2Sat": ("pulse oximetry", "%"),
    "Temp": ("temperature", "°C"),
    "SBP": ("systolic blood pressure", "mmHg"),
    "MAP": ("mean arterial pressure", "mmHg"),
    "DBP": ("diastolic blood pressure", "mmHg"),
    "Resp": ("respiration rate", "breaths/min"),
    "EtCO2": ("end tidal carbon dioxide", "mmHg"),
    "BaseExcess": ("excess bicarbonate", "mmol/L"),
    "HCO3": ("bicarbonate", "mmol/L"),
    "FiO2": ("fraction of inspired oxygen", "fraction"),
    "pH": ("pH", None),
    "PaCO2": ("partial pressure of carbon dioxide from arterial blood", "mmHg"),
    "SaO2": ("oxygen saturation from arterial blood", "%"),
    "AST": ("aspartate transaminase", "IU/L"),
    "BUN": ("blood urea nitrogen", "mg/dL"),
    "Alkalinephos": ("alkaline phosphatase", "IU/L"),
    "Calcium": ("calcium", "mg/dL"),
    "Chloride": ("chloride", "mmol/L"),
    "Creatinine": ("creatinine", "mg/dL"),
    "Bilirubin_direct": ("direct bilirubin", "mg/dL"),
    "Glucose": ("serum glucose", "mg/dL"),
    "Lactate": ("lactic acid", "mmol/L"),  # the challenge writes mg/dL; a median of 2.0 is that of mmol/L
    "Magnesium": ("magnesium", "mg/dL"),  # the challenge writes mmol/dL; a median of 2.0 is that of mg/dL
    "Phosphate": ("phosphate", "mg/dL"),
    "Potassium": ("potassium", "mmol/L"),
    "Bilirubin_total": ("total bilirubin", "mg/dL"),
    "TroponinI": ("troponin I", "ng/mL"),
    "Hct": ("hematocrit", "%"),
    "Hgb": ("hemoglobin", "g/dL"),
    "PTT": ("partial thromboplastin time", "seconds"),
    "WBC": ("leukocyte count", "10^3/uL"),
    "Fibrinogen": ("fibrinogen", "mg/dL"),
    "Platelets": ("platelet count", "10^3/uL"),
}
"""Words and unit of each variable (https://physionet.org/content/challenge-2019/1.0.0/)."""

ABOUT = ("Age", "Gender", "Unit1", "Unit2", "HospAdmTime", "ICULOS")
COLUMNS = (*MEASURED, *ABOUT, LABEL)
STAYS = "p[0-9]*.psv"


@dataclass(frozen=True)
class PhysioNet2019:
    """The challenge's own layout: files of stays in folders or archives. The label is no event; see `sepsis_labels`.

    Attributes:
        path: A folder that holds training_setA or training_setB as a folder or archive, or one of these.

    Raises:
        RecordsProblem: There are no files of stays.
    """

    path: Path

    def __post_init__(self) -> None:
        _files(self.path)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "physionet_2019"

    def parts(self) -> Sequence[Part]:
        """Each archive, and some thousand files of each folder."""
        return [Stays(files) for files in _files(self.path)]

    def descriptions(self) -> Mapping[str, str]:
        """The challenge's words for its variables."""
        return {SYSTEM + name: words for name, (words, _) in MEASURED.items()}


def sepsis_labels(path: Path) -> pl.DataFrame:
    """The challenge's label of every hour, apart from the events: the outcome, never a predictor.

    Columns: subject (text), time (the end of the hour, as in the events), hour (since admission to intensive care),
    code ("PN2019//SEPSIS_LABEL"), boolean_value. A label is true from six hours before the onset of sepsis
    (Sepsis-3) on: it says what a warning in that hour would be worth, and not that sepsis was there.

    Raises:
        RecordsProblem: There are no such files, or they have no labels.
    """
    problems, frames = Problems(), []
    for files in _files(path):
        for table in _tables(files, problems):
            hours = table.filter(pl.col(LABEL).is_not_null() & pl.col("ICULOS").is_not_null())
            frames.append(
                hours.select(
                    pl.col("subject"),
                    _hour_end().alias("time"),
                    pl.col("ICULOS").cast(pl.Int64).alias("hour"),
                    pl.lit(SYSTEM + "SEPSIS_LABEL").alias("code"),
                    (pl.col(LABEL) == 1).alias("boolean_value"),
                )
            )
    return pl.concat(frames).sort("subject", "time")


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
        """What is known of each stay at admission, its measurements, and where its record ends.

        Raises:
            RecordsProblem: No file has the challenge's columns, or the archive is damaged.
        """
        for table in _tables(self.files, problems):
            yield from _at_admission(table, problems)
            yield _measured(table)
            yield _ends(table)


def _files(path: Path) -> list[StayFiles]:
    files = stay_files.found(path, STAYS)
    if not files:
        msg = f"{path} holds no p*.psv; name the folder or the archive of training_setA or training_setB"
        raise RecordsProblem(msg)
    return files


def _tables(files: StayFiles, problems: Problems) -> Iterator[pl.DataFrame]:
    """Hours of some hundred stays: subject and all columns as numbers."""
    header, seen = "|".join(COLUMNS), False
    for bundle in files.bundles(problems):
        ours = [(name.removeprefix("p").lstrip("0"), text) for name, text in bundle if _first(text) == header]
        if len(ours) < len(bundle):
            problems.add("a file without the challenge's columns", times=len(bundle) - len(ours))
        if not ours:
            continue
        seen = True
        lines = stay_files.lines(ours, "|", len(COLUMNS), problems)
        cells = pl.col("line").str.split_exact("|", len(COLUMNS) - 1).struct.rename_fields(list(COLUMNS))
        texts = lines.select(pl.col("file").alias("subject"), cells.alias("cells")).unnest("cells")
        table = texts.with_columns(pl.col(*COLUMNS).str.strip_chars().cast(pl.Float64, strict=False))
        wrong = sum(table[name].null_count() for name in COLUMNS)
        if wrong:
            problems.add("a cell that is neither a number nor NaN", times=wrong)
        hourless = table.filter(_unknown("ICULOS")).height
        if hourless:
            problems.add("a line without its hour (ICULOS)", times=hourless)
        yield table.with_columns(pl.col(*COLUMNS).fill_nan(None)).filter(pl.col("ICULOS").is_not_null())
    if not seen:
        msg = f"{files.path}: no file has the columns {header[:40]}…; name a set of the challenge of 2019"
        raise RecordsProblem(msg)


def _first(text: str) -> str:
    return text.split("\n", 1)[0].strip()


def _unknown(name: str) -> pl.Expr:
    return pl.col(name).is_null() | pl.col(name).is_nan()


def _origin() -> pl.Expr:
    return pl.lit(ORIGIN).dt.cast_time_unit("us")


def _hour_end() -> pl.Expr:
    """A line stands at the end of its hour: line 1 sums up the first hour and was not known before that."""
    return _origin() + pl.duration(minutes=(pl.col("ICULOS") * 60).round().cast(pl.Int64))


def _at_admission(table: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
    first = table.unique("subject", keep="first", maintain_order=True)
    subject = pl.col("subject")
    sex = pl.col("Gender").replace_strict({0.0: "SEX//F", 1.0: "SEX//M"}, default=None, return_dtype=pl.String)
    aged = first.filter(pl.col("Age").is_not_null())
    known = first.filter(sex.is_not_null())
    for name, count in (("Age", len(first) - len(aged)), ("Gender", len(first) - len(known))):
        if count:
            problems.add(f"{name} is not known", times=count)
    yield raw(known, subject, None, sex)
    yield raw(aged, subject, None, pl.lit(SYSTEM + "Age"), number=pl.col("Age"), unit=pl.lit("years"))
    yield raw(aged, subject, born(pl.col("Age")), pl.lit(BIRTH))
    unit = (
        pl.when(pl.col("Unit1") == 1)
        .then(pl.lit("MICU"))
        .when(pl.col("Unit2") == 1)
        .then(pl.lit("SICU"))
        .otherwise(pl.lit("UNKNOWN"))
    )
    yield raw(first, subject, _origin(), "ICU_START//" + unit, encounter=subject)
    before = pl.duration(minutes=(pl.min_horizontal("HospAdmTime", pl.lit(0.0)) * 60).round().cast(pl.Int64))
    timed = first.filter(pl.col("HospAdmTime").is_not_null())
    yield raw(timed, subject, _origin() + before, pl.lit("ENCOUNTER_START//INPATIENT"), encounter=subject)


def _measured(table: pl.DataFrame) -> pl.DataFrame:
    units = {name: unit for name, (_, unit) in MEASURED.items()}
    long = table.unpivot(list(MEASURED), index=["subject", "ICULOS"], variable_name="name", value_name="value").filter(
        pl.col("value").is_not_null()
    )
    return raw(
        long,
        pl.col("subject"),
        _hour_end(),
        SYSTEM + pl.col("name"),
        number=pl.col("value"),
        unit=pl.col("name").replace_strict(units, default=None, return_dtype=pl.String),
        encounter=pl.col("subject"),
    )


def _ends(table: pl.DataFrame) -> pl.DataFrame:
    """Where a record ends, a second later than its last hour, so that no warning can see it."""
    last = table.group_by("subject", maintain_order=True).agg(pl.col("ICULOS").max())
    return raw(
        last,
        pl.col("subject"),
        _hour_end() + pl.duration(seconds=1),
        pl.lit(SYSTEM + "RECORD_END"),
        encounter=pl.col("subject"),
    )


READER = Layout(
    summary="PhysioNet Challenge 2019: training_setA, training_setB as folders of .psv or .tar.gz",
    open=PhysioNet2019,
)
