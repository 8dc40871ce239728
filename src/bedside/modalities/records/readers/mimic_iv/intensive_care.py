"""Tables of the intensive care module (icu/) as events, each at the time at which it was known.

Source of the columns: https://mimic.mit.edu/docs/iv/modules/icu.
"""

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.mimic_iv.admissions import Admissions
from bedside.modalities.records.readers.warehouse import Table, later, raw

SUBJECT, STAY = pl.col("subject_id"), pl.col("hadm_id")

STORED = pl.col("storetime")


def _stays(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    left = frame.filter(pl.col("outtime").is_not_null())
    return pl.concat(
        [
            raw(frame, SUBJECT, pl.col("intime"), "ICU_START//" + pl.col("first_careunit"), encounter=STAY),
            raw(left, SUBJECT, pl.col("outtime"), "ICU_END//" + pl.col("last_careunit"), encounter=STAY),
        ]
    )


def _charted(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    """Charted for charttime, entered or confirmed at storetime."""
    return raw(
        frame,
        SUBJECT,
        later(pl.col("charttime"), STORED),
        "MIMIC//CHART//" + pl.col("itemid"),
        number=pl.col("valuenum"),
        text=pl.when(pl.col("valuenum").is_null()).then(pl.col("value")),
        unit=pl.col("valueuom"),
        encounter=STAY,
    )


def _inputs(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    """A rate is known when it was set and stored, an amount when it had run in."""
    rates = frame.filter(pl.col("rate").is_not_null())
    started, ended = later(pl.col("starttime"), STORED), later(pl.col("endtime"), STORED)
    rate, amount = "MIMIC//INPUT_RATE//" + pl.col("itemid"), "MIMIC//INPUT_AMOUNT//" + pl.col("itemid")
    running, given = (pl.col("rate"), pl.col("rateuom")), (pl.col("amount"), pl.col("amountuom"))
    return pl.concat(
        [
            raw(rates, SUBJECT, started, rate, number=running[0], unit=running[1], encounter=STAY),
            raw(frame, SUBJECT, ended, amount, number=given[0], unit=given[1], encounter=STAY),
        ]
    )


def _outputs(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    time, code = later(pl.col("charttime"), STORED), "MIMIC//OUTPUT//" + pl.col("itemid")
    return raw(frame, SUBJECT, time, code, number=pl.col("value"), unit=pl.col("valueuom"), encounter=STAY)


def _procedures(frame: pl.DataFrame, _known: Admissions, _problems: Problems) -> pl.DataFrame:
    """Its beginning, and its end with how long it took."""
    started, ended = later(pl.col("starttime"), STORED), later(pl.col("endtime"), STORED)
    begun, over = "MIMIC//PROCEDURE//" + pl.col("itemid"), "MIMIC//PROCEDURE_END//" + pl.col("itemid")
    finished = frame.filter(pl.col("endtime").is_not_null())
    return pl.concat(
        [
            raw(frame, SUBJECT, started, begun, encounter=STAY),
            raw(finished, SUBJECT, ended, over, number=pl.col("value"), unit=pl.col("valueuom"), encounter=STAY),
        ]
    )


TABLES: tuple[Table[Admissions], ...] = (
    Table("icu/icustays", _stays, ("subject_id", "hadm_id", "first_careunit", "last_careunit"), ("intime", "outtime")),
    Table(
        "icu/chartevents",
        _charted,
        ("subject_id", "hadm_id", "itemid", "value", "valueuom"),
        ("charttime", "storetime"),
        ("valuenum",),
        divisible=True,
    ),
    Table(
        "icu/inputevents",
        _inputs,
        ("subject_id", "hadm_id", "itemid", "amountuom", "rateuom"),
        ("starttime", "endtime", "storetime"),
        ("amount", "rate"),
    ),
    Table(
        "icu/outputevents",
        _outputs,
        ("subject_id", "hadm_id", "itemid", "valueuom"),
        ("charttime", "storetime"),
        ("value",),
    ),
    Table(
        "icu/procedureevents",
        _procedures,
        ("subject_id", "hadm_id", "itemid", "valueuom"),
        ("starttime", "endtime", "storetime"),
        ("value",),
    ),
)
"""Of the intensive care module."""
