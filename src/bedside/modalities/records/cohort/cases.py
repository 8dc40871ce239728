"""Rows of a drawn cohort as the spine takes them: each with its history, or with the reason why it has none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from bedside.modalities.records.cohort.draw import Drawn
from bedside.modalities.records.cohort.histories import histories
from bedside.modalities.records.events.flag import UNUSABLE, Flag
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.schema import SUBJECT
from bedside.modalities.records.history import History

_ATTRIBUTE = "attribute."


@dataclass(frozen=True, eq=False)
class Case:
    """One row of the labels of a cohort.

    Attributes:
        sample: Unique; None where it is excluded.
        patient: The source's own identifier.
        history: What may be seen; None where it is excluded.
        reason: Why it is excluded; None for a sample.
        index_time: When the prediction is made; None for a patient in whom the index event never happens.
        label: All columns of the row.
        attributes: What describes the case and is no predictor by itself.
    """

    sample: str | None
    patient: str
    history: History | None
    reason: str | None
    index_time: datetime | None
    label: Mapping[str, Any]
    attributes: Mapping[str, str] = field(default_factory=dict)


def cases(folder: EventFolder, drawn: Drawn, *, leave_out: Flag = UNUSABLE) -> Iterator[Case]:
    """Every row of the labels, in order.

    Args:
        folder: The table of events from which the cohort was drawn.
        drawn: The cohort.
        leave_out: Flags whose events are not seen: those of the cohort's declaration.
    """
    _, seen = histories(folder, drawn.labels, leave_out=leave_out)
    views = iter(seen)
    wanted = drawn.labels[SUBJECT].unique().to_list()
    people = dict(folder.people.filter(pl.col(SUBJECT).is_in(wanted)).collect().iter_rows())
    for row in drawn.labels.iter_rows(named=True):
        yield Case(
            sample=row["sample"],
            patient=people[row[SUBJECT]],
            history=next(views) if row["reason"] is None else None,
            reason=row["reason"],
            index_time=row["prediction_time"],
            label=row,
            attributes={
                name.removeprefix(_ATTRIBUTE): value or "unknown"
                for name, value in row.items()
                if name.startswith(_ATTRIBUTE)
            },
        )
