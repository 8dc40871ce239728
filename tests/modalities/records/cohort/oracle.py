"""A cohort of a binary outcome drawn the slow way, patient by patient: what the vectorised draw must agree with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.modalities.records.cohort.patients import Row


@dataclass(frozen=True)
class Case:
    """Hours since `DAY`; `reason` is a word of its own."""

    who: int
    index: float
    reason: str
    label: bool | None
    until: float | None
    seen: tuple[tuple[float | None, str], ...]


def cases(
    rows: Sequence[Row],
    *,
    offset: float,
    back: float | None,
    gap: float,
    horizon: float,
    needed: int,
    year: float,
) -> Iterator[Case]:
    """Index A//1; A//2 needed in the year before; outcome B//1, competing D//1; observed to the last event."""
    for who in sorted({row[0] for row in rows}):
        own = [(row[1], row[2]) for row in rows if row[0] == who]
        timed = sorted({(hours, code) for hours, code in own if hours is not None})
        for start in sorted({hours for hours, code in timed if code == "A//1"}):
            index = start + offset
            last = max(hours for hours, _ in timed)
            moments = {hours for hours, code in timed if code == "A//2" and index - year <= hours <= index}
            outcomes = [hours for hours, code in timed if code == "B//1"]
            reason = (
                "few"
                if len(moments) < needed
                else "unobserved"
                if last < index
                else "already"
                if any(hours <= index for hours in outcomes)
                else "gap"
                if any(index < hours <= index + gap for hours in outcomes)
                else ""
            )
            begin, end = index + gap, index + gap + horizon
            happened = min((h for h in outcomes if begin < h <= end), default=None)
            rival = min((h for h, code in timed if code == "D//1" and index < h <= end), default=None)
            label: bool | None
            if happened is not None and (rival is None or happened <= rival):
                label, until = True, happened
            elif rival is not None:
                label, until = False, rival
            else:
                label, until = (False, end) if last >= end else (None, last)
            low = float("-inf") if back is None else index - back
            facts = [(None, row[2]) for row in rows if row[0] == who and row[1] is None]
            every = sorted((row[1], row[2]) for row in rows if row[0] == who and row[1] is not None)
            seen = (*facts, *((hours, code) for hours, code in every if low <= hours <= index))
            yield Case(who, index, reason, None if reason else label, None if reason else until, () if reason else seen)
