"""What became of the stays, and the scores recorded with it: a table apart, never events that a model may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import DEATH
from bedside.modalities.records.readers.challenge_clock import end_of_day
from bedside.modalities.records.readers.warehouse import raw

COLUMNS = {
    "SAPS-I": "saps_i",
    "SOFA": "sofa",
    "Length_of_stay": "length_of_stay_days",
    "Survival": "survival_days",
    "In-hospital_death": "in_hospital_death",
}


def died_in_hospital(survival: pl.Expr, length_of_stay: pl.Expr) -> pl.Expr:
    """Whether a stay ended in death: death was recorded after the day of admission and no later than the stay's end.

    A Survival of -1 says that no death was recorded, one beyond Length_of_stay that the patient left alive and died
    later; a Length_of_stay of -1 is unknown, and such stays are recorded as left alive. The challenge's page writes
    2 <= Survival <= Length_of_stay; its column In-hospital_death also counts deaths on day 1 (50 in sets a and b), and
    this rule gives that column for all 8,000 stays.

    Args:
        survival: Days from admission to intensive care to death, -1 or null where none is recorded.
        length_of_stay: Days from admission to intensive care to the end of the stay in hospital, -1 or null if unknown.
    """
    return ((survival > 0) & (survival <= length_of_stay)).fill_null(value=False)


def outcomes(path: Path) -> pl.DataFrame:
    """One row a stay, sorted by subject.

    Columns: subject (text), set ("a", "b"), saps_i, sofa (scores of the first day, for comparators only),
    length_of_stay_days (in hospital, counted from admission to intensive care), survival_days (null where no death is
    recorded, which is not to say that the patient lived), in_hospital_death (Boolean). What is -1, or negative by
    mistake, is null.

    Args:
        path: A file of outcomes, or the folder that holds them.

    Raises:
        RecordsProblem: There is no such file, or one has other columns or values.
    """
    files = found(path)
    if not files:
        msg = f"{path} holds no Outcomes-*.txt; name the folder of the challenge, or one such file"
        raise RecordsProblem(msg)
    frames = [_read(file) for file in files]
    table = pl.concat(frames).sort("subject")
    if table["subject"].is_duplicated().any():
        msg = f"{path}: a RecordID stands in two files of outcomes; keep each set once"
        raise RecordsProblem(msg)
    return table


def found(path: Path) -> list[Path]:
    """Files of outcomes."""
    if path.is_file():
        return [path]
    return sorted(path.glob("Outcomes-*.txt"))


def _read(file: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        msg = f"{file} is no CSV file; copy it again"
        raise RecordsProblem(msg) from error
    missing = {"RecordID", *COLUMNS} - set(frame.columns)
    if missing:
        msg = f"{file} has no column {', '.join(sorted(missing))}; it has {', '.join(frame.columns)}"
        raise RecordsProblem(msg)
    try:
        numbers = frame.select("RecordID", *(pl.col(old).cast(pl.Int64).alias(new) for old, new in COLUMNS.items()))
    except pl.exceptions.PolarsError as error:
        msg = f"{file} holds a value that is no whole number; outcomes are whole numbers, -1 where unknown"
        raise RecordsProblem(msg) from error
    return numbers.select(
        pl.col("RecordID").alias("subject"),
        pl.lit(file.stem.rpartition("-")[2]).alias("set"),
        *(pl.when(pl.col(name) >= 0).then(pl.col(name)).alias(name) for name in list(COLUMNS.values())[:-1]),
        (pl.col("in_hospital_death") == 1).alias("in_hospital_death"),
    )


@dataclass(frozen=True)
class Ends:
    """A file of outcomes as a part: the ends of stays and deaths, all after the 48 hours that files of stays cover."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Death where it is recorded, and the end of the stay where it is known."""
        table = _read(self.path)
        survival, stay = pl.col("survival_days"), pl.col("length_of_stay_days")
        died = died_in_hospital(survival, stay)
        known = table.with_columns(died=died)
        unknown = known.filter(pl.col("length_of_stay_days").is_null()).height
        if unknown:
            problems.add("Length_of_stay is -1: the end of the stay is not known", times=unknown)
        doubtful = known.filter(pl.col("died") != pl.col("in_hospital_death")).height
        if doubtful:
            problems.add("In-hospital_death contradicts Survival and Length_of_stay", times=doubtful)
        early = known.filter(~pl.col("died") & (survival <= pl.coalesce(stay, pl.lit(0))))
        if early.height:
            problems.add("Survival within the stay, though it ended alive: no death is written", times=early.height)
        subject = pl.col("subject")
        deaths = known.filter(pl.col("died") | (survival > pl.coalesce(stay, pl.lit(0))))
        yield raw(deaths, subject, end_of_day(survival), pl.lit(DEATH), encounter=_inside(subject))
        ended = known.filter(pl.col("died") | stay.is_not_null())
        word = pl.when(pl.col("died")).then(pl.lit("ENCOUNTER_END//DIED")).otherwise(pl.lit("ENCOUNTER_END//ALIVE"))
        at = pl.when(pl.col("died")).then(end_of_day(survival)).otherwise(end_of_day(stay))
        yield raw(ended, subject, at, word, encounter=subject)


def _inside(subject: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("died")).then(subject)
