"""eICU's own layout as parts: files, and ranges of rows of the large ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedside.modalities.records.events.reader import Part
from bedside.modalities.records.readers import warehouse
from bedside.modalities.records.readers.eicu.stays import COLUMNS, Stays
from bedside.modalities.records.readers.eicu.tables import TABLES

LAYOUT = "eICU"


@dataclass(frozen=True)
class Eicu:
    """eICU 2.0, or its demo, as it is downloaded.

    Attributes:
        path: The folder with patient.csv.
        size: Bytes of a plain lab, vitalPeriodic or vitalAperiodic that are one part; one in gzip is one part.

    Raises:
        RecordsProblem: The patient table is not there.
    """

    path: Path
    size: int = warehouse.RANGE

    def __post_init__(self) -> None:
        warehouse.require_tables(self.path, ("patient",), LAYOUT)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "eicu"

    def parts(self) -> Sequence[Part]:
        """Files and ranges of rows; tables that are not there are counted.

        Raises:
            RecordsProblem: A table lacks a column.
        """
        patient = warehouse.file_of(self.path, "patient")
        if patient is not None:
            warehouse.require_columns(patient, COLUMNS)
        absent = tuple(table.name for table in TABLES if warehouse.file_of(self.path, table.name) is None)
        return [
            *warehouse.parts(self.path, TABLES, Stays, self.size),
            *([warehouse.Missing(self.path, absent)] if absent else []),
        ]

    def descriptions(self) -> Mapping[str, str]:
        """None: eICU's codes are words."""
        return {}
