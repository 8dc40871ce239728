"""What the columns of tables mean, as a TOML file that people write."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bedside.errors import FileProblem, RecordsProblem


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WideColumn(_Part):
    """A column of a wide table that is one kind of event.

    Attributes:
        code: With its system ("LOINC//8867-4").
        unit: Unit of its numbers; "" for none.
    """

    code: str = Field(min_length=1)
    unit: str = ""


class Table(_Part):
    """What the columns of one kind of file mean; "" stands for a column that is not there.

    Attributes:
        file: Which files of the folder, as a pattern ("labs*.csv"); not needed where the source is one file.
        subject: Column of the patient's identifier.
        encounter: Column of the stay or visit.
        time: Column of the time at which something became known.
        time_format: How times are written (strptime); "" for year-month-day with or without a clock time.
        time_unit: What a number counts, where times are numbers; "" where they are not.
        time_since: Column of the moment that such numbers count from, written like `time_format` says.
        time_origin: That moment, where it is one for all.
        code: Column of what was recorded, in a long table.
        system: System put before these codes ("LOINC"); "" where they have one.
        codes: Codes of bedside's by the table's ("Krea" = "LOINC//2160-0").
        value: Column of values: a number where it is one, else text.
        number: Column of values that must be numbers.
        text: Column of text.
        unit: Column of units.
        units: Units by the table's codes, where no column says them.
        wide: In a wide table, columns that are events.
        static: Columns of facts for life, by the system they get ("sex" = "SEX").
        birth: Column of the date of birth.
        death: Column of the date of death.
        encoding: Python's name of the text encoding.
        separator: Between cells; "" is found out from the first line.
        decimal: "." or ",".
        missing: Cells that mean nothing was recorded, besides empty ones.
    """

    file: str = ""
    subject: str = Field(min_length=1)
    encounter: str = ""
    time: str = ""
    time_format: str = ""
    time_unit: Literal["", "seconds", "minutes", "hours", "days"] = ""
    time_since: str = ""
    time_origin: datetime | None = None
    code: str = ""
    system: str = ""
    codes: dict[str, str] = {}
    value: str = ""
    number: str = ""
    text: str = ""
    unit: str = ""
    units: dict[str, str] = {}
    wide: dict[str, WideColumn] = {}
    static: dict[str, str] = {}
    birth: str = ""
    death: str = ""
    encoding: str = "utf-8"
    separator: str = Field(default="", max_length=1)
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Table":
        events = self.code or self.wide
        since = self.time_since or self.time_origin
        faults = (
            (
                not (events or self.static or self.birth or self.death),
                "it names no event: set code, wide, static, birth or death",
            ),
            (bool(self.code and self.wide), "code and wide are both set: a table is long or wide"),
            (bool(events and not self.time), "time is not set: name the column that says when"),
            (bool(self.value and self.number), "value and number are both set: name the column once"),
            (bool(self.time_unit) != bool(since), "time_unit needs time_since or time_origin, and they need it"),
            (self.time_since != "" and self.time_origin is not None, "time_since and time_origin are both set"),
            (self.separator == self.decimal, "separator and decimal are the same"),
        )
        for wrong, words in faults:
            if wrong:
                raise ValueError(words)
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names, once each."""
        named = (
            self.subject, self.encounter, self.time, self.time_since, self.code, self.value, self.number, self.text,
            self.unit, self.birth, self.death, *self.wide, *self.static,
        )  # fmt: skip
        return tuple(dict.fromkeys(name for name in named if name))


class ColumnMap(_Part):
    """What a source's tables mean.

    Attributes:
        table: One entry a kind of file.
        systems: Systems of codes that nobody else defines, so that they count as known.
        until: Until when the source reaches.
    """

    table: tuple[Table, ...] = Field(min_length=1)
    systems: frozenset[str] = frozenset()
    until: datetime | None = None


def load_map(path: Path) -> ColumnMap:
    """What a column map says.

    Raises:
        FileProblem: It is missing or no text.
        RecordsProblem: It is not TOML, has unknown keys or wrong values, or contradicts itself.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); give the TOML file that says what the columns mean"
        raise FileProblem(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text; save it as UTF-8"
        raise FileProblem(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not valid TOML: {error}"
        raise RecordsProblem(msg) from error
    try:
        return ColumnMap.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        msg = f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}{more}"
        raise RecordsProblem(msg) from error
