"""What a table's predictors are: named columns with kind, unit and categories."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from bedside.errors import StudyError, TableProblem
from bedside.types import Json

Kind: TypeAlias = Literal["number", "category"]
MissingCode: TypeAlias = "str | float"


@dataclass(frozen=True)
class Column:
    """One predictor.

    Attributes:
        name: As in the table's header.
        kind: "number" or "category".
        unit: UCUM unit of a number ("mg/dL"), or "".
        categories: Allowed words of a category; empty when they are learned from development.
        description: What it is, for a reader.
        missing: Values that mean "not known" besides an empty cell: numbers (0, -9) or words ("unknown").
    """

    name: str
    kind: Kind
    unit: str = ""
    categories: tuple[str, ...] = ()
    description: str = ""
    missing: tuple[MissingCode, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in ("number", "category"):
            msg = f"column {self.name!r} has kind {self.kind!r}; allowed are 'number' and 'category'"
            raise StudyError(msg)
        if self.kind == "number" and self.categories:
            msg = f"column {self.name!r} is a number and cannot list categories; make its kind 'category'"
            raise StudyError(msg)
        if self.kind == "category" and self.unit:
            msg = f"column {self.name!r} is a category and has no unit, but {self.unit!r} was given"
            raise StudyError(msg)
        if len(set(self.categories)) != len(self.categories):
            msg = f"column {self.name!r} lists a category twice: {list(self.categories)}"
            raise StudyError(msg)

    def state(self) -> dict[str, Json]:
        """The column as JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "unit": self.unit,
            "categories": list(self.categories),
            "description": self.description,
            "missing": list(self.missing),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Json]) -> "Column":
        """The inverse of `state`."""
        return cls(
            name=cast("str", state["name"]),
            kind=cast("Kind", state["kind"]),
            unit=cast("str", state["unit"]),
            categories=tuple(cast("list[str]", state["categories"])),
            description=cast("str", state["description"]),
            missing=tuple(cast("list[MissingCode]", state["missing"])),
        )


@dataclass(frozen=True)
class Schema:
    """The predictors of a tabular study, in order.

    Example:
        >>> schema = Schema((Column("age", "number", unit="a"), Column("sex", "category")))
        >>> schema.numbers[0].unit, schema.names
        ('a', ('age', 'sex'))
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if not self.columns:
            msg = "a schema needs at least one column; a study without predictors cannot predict"
            raise StudyError(msg)
        doubled = sorted({name for name in self.names if self.names.count(name) > 1})
        if doubled:
            msg = f"the schema names column(s) {doubled} more than once; each predictor is declared once"
            raise StudyError(msg)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def numbers(self) -> tuple[Column, ...]:
        """The columns that are numbers."""
        return tuple(column for column in self.columns if column.kind == "number")

    @cached_property
    def categories(self) -> tuple[Column, ...]:
        """The columns that are categories."""
        return tuple(column for column in self.columns if column.kind == "category")

    @cached_property
    def _hash(self) -> int:
        return hash(self.columns)

    def __hash__(self) -> int:
        # Every record looks its schema up, so the hash is made once.
        return self._hash

    def __getstate__(self) -> dict[str, Any]:
        # Hashes of strings differ between processes: what is cached stays behind.
        return {"columns": self.columns}

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        msg = f"no predictor is called {name!r}; {nearest_name(name, self.names)}"
        raise TableProblem(msg)

    def without(self, names: Iterable[str]) -> "Schema":
        """The schema without these columns."""
        dropped = frozenset(names)
        return Schema(tuple(column for column in self.columns if column.name not in dropped))

    def state(self) -> Json:
        """The schema as JSON."""
        return [cast("Json", column.state()) for column in self.columns]

    @classmethod
    def from_state(cls, state: Json) -> "Schema":
        """The inverse of `state`."""
        return cls(tuple(Column.from_state(column) for column in cast("list[dict[str, Json]]", state)))


def nearest_name(name: str, names: Iterable[str]) -> str:
    """A remedy for a name that does not exist: the nearest one, or the list of those there are."""
    known = sorted(names)
    folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if found:
        return f"did you mean {folded[found[0]]!r}?"
    shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
    return f"there are {shown}" if known else "there are none"
