"""MIMIC-IV's own layout as parts: files, and ranges of rows of the large ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from bedside.modalities.records.events.reader import Part, Problems
from bedside.modalities.records.readers import csv_rows, warehouse
from bedside.modalities.records.readers.mimic_iv import hospital, intensive_care
from bedside.modalities.records.readers.mimic_iv.admissions import Admissions

LAYOUT = "MIMIC-IV"

TABLES = hospital.TABLES + intensive_care.TABLES

NEEDED = ("hosp/patients", "hosp/admissions")

LAST: Final = datetime(2300, 1, 1)  # noqa: DTZ001 - the table of events has no zones

ITEM_KINDS = {
    "chartevents": ("CHART",),
    "inputevents": ("INPUT_RATE", "INPUT_AMOUNT"),
    "outputevents": ("OUTPUT",),
    "procedureevents": ("PROCEDURE", "PROCEDURE_END"),
}
"""Which codes the items of `icu/d_items` describe, by the table that they link to."""


@dataclass(frozen=True)
class MimicIV:
    """MIMIC-IV 2.x or 3.x as it is downloaded.

    Attributes:
        path: The folder with hosp/ and icu/.
        size: Bytes of a plain labevents or chartevents that are one part; one in gzip is one part, read as a stream.

    Raises:
        RecordsProblem: hosp/patients or hosp/admissions is not there.
    """

    path: Path
    size: int = warehouse.RANGE

    def __post_init__(self) -> None:
        warehouse.require_tables(self.path, NEEDED, LAYOUT)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "mimic_iv"

    @property
    def until(self) -> datetime:
        """Dates are shifted, each patient's by another span, into the 22nd century."""
        return LAST

    def parts(self) -> Sequence[Part]:
        """Files and ranges of rows; tables that are not there are counted.

        Raises:
            RecordsProblem: A table lacks a column.
        """
        absent = tuple(table.name for table in TABLES if warehouse.file_of(self.path, table.name) is None)
        return [
            *warehouse.parts(self.path, TABLES, Admissions, self.size),
            *([warehouse.Missing(self.path, absent)] if absent else []),
        ]

    def descriptions(self) -> Mapping[str, str]:
        """Labels of laboratory tests and items, titles of diagnoses and procedures, where their tables are there."""
        out: dict[str, str] = {}
        labs = self._rows("hosp/d_labitems", ("itemid", "label", "fluid"))
        out |= {f"MIMIC//LAB//{item}": _joined(label, fluid) for item, label, fluid in labs.rows()}
        items = self._rows("icu/d_items", ("itemid", "label", "linksto"))
        for item, label, table in items.rows():
            out |= {f"MIMIC//{kind}//{item}": _joined(label) for kind in ITEM_KINDS.get(table or "", ())}
        for name, tabled in (("hosp/d_icd_diagnoses", "CM"), ("hosp/d_icd_procedures", "PCS")):
            titles = self._rows(name, ("icd_code", "icd_version", "long_title"))
            if titles.height:
                coded = titles.select(hospital.icd(tabled).alias("code"), "long_title").drop_nulls()
                out |= dict(coded.rows())
        return out

    def _rows(self, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        path = warehouse.file_of(self.path, name)
        empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        if path is None:
            return empty
        warehouse.require_columns(path, columns)
        return pl.concat([empty, *csv_rows.frames(path, columns, Problems())])


def _joined(*words: str | None) -> str:
    return ", ".join(word for word in words if word)
