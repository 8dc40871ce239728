"""What the columns of a row are for, besides prediction: outcome, patient, site, subgroups, index time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from bedside.data.sample import Excluded, Sample
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record
from bedside.own_data.declaration import Declaration
from bedside.own_data.followed import NOT_KNOWN, codes_of, followed
from bedside.types import PatientId, SampleId

_MISSING = "outcome missing"
_NOT_KNOWN = frozenset((_MISSING, *NOT_KNOWN))
"""Reasons for which a case stays eligible."""


@dataclass(frozen=True)
class Roles:
    """Turns a row of the prepared table into its sample, or into an exclusion with its reason."""

    declaration: Declaration

    @cached_property
    def predictors(self) -> Schema:
        """What may be learned from."""
        return self.declaration.predictor_schema()

    @cached_property
    def others(self) -> Schema:
        """Columns with a role, as text where they are names and as numbers where they are amounts."""
        declared, columns = self.declaration, self.declaration.columns
        found = {declared.outcome.column: declared.outcome_column()}
        found |= {column.name: column for column in (declared.follow_up.as_columns() if declared.follow_up else ())}
        for name in (columns.patient, columns.site):
            if name:
                found[name] = Column(name, "category")
        for name, part in declared.subgroups.items():
            found.setdefault(name, Column(name, "number" if part.cuts else "category", missing=part.missing))
        return Schema(tuple(found.values()))

    @cached_property
    def meaning(self) -> Callable[[Any], Any]:
        """From a known cell of the outcome column to the endpoint's own type."""
        outcome = self.declaration.outcome
        if outcome.endpoint == "continuous":
            return float
        words: dict[str, Any] = (
            {outcome.negative: False, outcome.positive: True}
            if outcome.endpoint == "binary"
            else {word: place for place, word in enumerate(outcome.classes)}
        )

        def meaning(cell: str) -> Any:  # noqa: ANN401 - a bool or a class number, as the endpoint asks
            if cell not in words:
                raise OutcomeProblem(_unknown_outcome(outcome.column, list(words)))
            return words[cell]

        return meaning

    def draw(self, record: Record) -> list[Sample[Record, Any] | Excluded]:
        """The sample of one row, or why there is none."""
        columns = self.declaration.columns
        row = record.only(self.others)
        named = row[columns.patient] if columns.patient else str(record.position)
        if named is None:
            return [Excluded("patient identifier missing")]
        patient = self.pseudonym(named)
        outcome, reason = self.outcome(row)
        moment: datetime | None = record[columns.index_time] if columns.index_time else None
        if reason:
            eligible = reason in _NOT_KNOWN and (moment is not None or not columns.index_time)
            return [Excluded(reason, patient, record.only(self.predictors) if eligible else None)]
        if columns.index_time and moment is None:
            return [Excluded("index time missing", patient)]
        attributes = {
            name: band(row[name], part.cuts) if part.cuts else (row[name] or "unknown")
            for name, part in self.declaration.subgroups.items()
        }
        if columns.site:
            attributes[columns.site] = row[columns.site] or "unknown"
        for validation in self.declaration.validations:
            if validation.column:
                attributes[validation.column] = str(record[validation.column] or "")
        key = SampleId(f"row {record.position + 1}")
        return [Sample(key, patient, record.only(self.predictors), outcome, moment, attributes)]

    def outcome(self, row: Record) -> tuple[Any, str]:
        """The outcome of a row in the endpoint's own type and "", or None and the reason for which there is none."""
        column, part = self.declaration.outcome.column, self.declaration.follow_up
        if part is None:
            return (None, _MISSING) if row[column] is None else (self.meaning(row[column]), "")
        found = followed(row[part.time], row[column], row[part.entry] if part.entry else 0.0, self.codes, column)
        return (found, "") if isinstance(found, Followed) else (None, found)

    @cached_property
    def codes(self) -> dict[str, int]:
        """What each word says of how a watch ended; empty where the outcome is no time to an event."""
        return codes_of(self.declaration.follow_up) if self.declaration.follow_up else {}

    def pseudonym(self, named: str) -> PatientId:
        """A name for the patient within a run, keyed by the table's content; results number patients instead."""
        key = bytes.fromhex(self.declaration.table.sha256)
        return PatientId(blake2b(str(named).encode(), digest_size=8, key=key).hexdigest())


def _unknown_outcome(column: str, words: list[str]) -> str:
    return (
        f"the outcome column {column!r} holds a value that is none of {', '.join(map(repr, words))}; recode it, or "
        "list it under missing in [outcome]"
    )


def band(value: float | None, cuts: tuple[float, ...]) -> str:
    """The band of a number between cuts, in words.

    Example:
        >>> band(52, (40, 65)), band(None, (40, 65)), band(65, (40, 65))
        ('40 to under 65', 'unknown', '65 and over')
    """
    if value is None:
        return "unknown"
    if value < cuts[0]:
        return f"under {cuts[0]:g}"
    for low, high in pairwise(cuts):
        if value < high:
            return f"{low:g} to under {high:g}"
    return f"{cuts[-1]:g} and over"
