"""The proof that nothing after an index time is visible: a check of histories, not of how they were made."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.schema import CODE, FLAGS, SUBJECT, TIME
from bedside.modalities.records.history import STATIC, Events, History
from bedside.types import Booleans, Integers

_HASHES = 1 << 20
_COUNTS = ("samples", "visible", "facts", "hidden", "outcomes", "held")


@dataclass(frozen=True, slots=True)
class Proof:
    """What was checked of every history of a cohort.

    Attributes:
        samples: Histories checked.
        visible: Events with a time that they show, counted once for each history.
        facts: Facts without a time that they show.
        hidden: Events of the same patients after the index time, which none of them shows.
        outcomes: Histories whose outcome happened, and that end before it.
        held: Different rows in memory.
        left_out: Flagged events of these patients that are in no history, by the word of their flag.
    """

    samples: int = 0
    visible: int = 0
    facts: int = 0
    hidden: int = 0
    outcomes: int = 0
    held: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What was found, for people."""
        return (
            f"{self.samples} histories checked: {self.visible} events and {self.facts} facts are visible, none later "
            f"than its index time; {self.hidden} later events are hidden; {self.outcomes} outcomes lie after what is "
            f"visible; {sum(self.left_out.values())} flagged events are left out"
        )

    def json(self) -> dict[str, object]:
        """For scripts."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {**counts, "left_out": dict(self.left_out)}


def together(parts: Iterable[Proof]) -> Proof:
    """Proofs of all shards as one."""
    parts = list(parts)
    left_out: Counter[str] = Counter()
    for part in parts:
        left_out.update(part.left_out)
    totals = {name: sum(getattr(part, name) for part in parts) for name in _COUNTS}
    return Proof(**totals, left_out=dict(left_out))


def prove(
    frame: pl.DataFrame,
    labels: pl.DataFrame,
    leave_out: Flag,
    shown: tuple[Events, Sequence[History]],
    left_out: Mapping[str, int],
) -> Proof:
    """Check histories against labels and against the table as it is stored.

    Args:
        frame: Rows of these patients, flagged ones too, schema `EVENTS`.
        labels: Samples, one a history, in order.
        leave_out: Flags whose events must not be seen.
        shown: What `histories` returned.
        left_out: What it says it left out.

    Raises:
        RecordsProblem: A history shows what it must not, or not all that it should.
    """
    events, views = shown
    index = _microseconds(labels, "prediction_time")
    outcome = _microseconds(labels, "outcome_time")
    begin, past = np.array([view.rows for view in views], dtype=np.int64).reshape(-1, 2).T
    fact, facts = np.array([view.facts for view in views], dtype=np.int64).reshape(-1, 2).T
    full = past > begin
    _holds(len(views) == len(labels), "there is not one history a sample", len(views))
    inside = (begin >= 0) & (past <= len(events)) & (fact >= 0) & (facts <= len(events))
    _each(inside & (past >= begin) & (facts >= fact), "rows lie outside the table")
    last = events.times[past[full] - 1]
    _each(np.array([view.index for view in views]) == index, "the index time is not that of the label")
    _each(_count(events.times[1:] < events.times[:-1], begin, past - 1) == 0, "events are not sorted by time")
    _each(last <= index[full], "an event is later than the index time")
    _each((outcome == STATIC) | (outcome > index), "the outcome is not after the index time")
    _each((outcome[full] == STATIC) | (last < outcome[full]), "an event of the outcome or after it is visible")
    _each(_count(events.times == STATIC, begin, past) == 0, "a fact stands among events with a time")
    _each(_count(events.times == STATIC, fact, facts) == facts - fact, "an event with a time stands among facts")
    usable = frame.filter((pl.col(FLAGS).cast(pl.Int64) & int(leave_out)) == 0)
    totals = _totals(usable)
    upto = _same_rows(usable, totals, labels, shown, (begin, past), (fact, facts))
    _holds(len(frame) - len(usable) == sum(left_out.values()), "flagged events are not all counted", len(frame))
    everything = labels.join(totals.group_by(SUBJECT).len(), on=SUBJECT, how="left", maintain_order="left")["len"]
    after = everything.fill_null(0).cast(pl.Int64).to_numpy() - upto
    return Proof(
        samples=len(views),
        visible=int((past - begin).sum()),
        facts=int((facts - fact).sum()),
        hidden=int(after.sum()),
        outcomes=int((outcome != STATIC).sum()),
        held=len(events),
        left_out=dict(left_out),
    )


def _same_rows(
    usable: pl.DataFrame,
    totals: pl.DataFrame,
    labels: pl.DataFrame,
    shown: tuple[Events, Sequence[History]],
    rows: tuple[Integers, Integers],
    facts: tuple[Integers, Integers],
) -> Integers:
    """Recount what every sample may see, by another way, and compare number and codes; events up to each index time."""
    events, _ = shown
    hashes = pl.Series(events.words, dtype=pl.String).hash(seed=0) % _HASHES
    weights = hashes.cast(pl.Int64).to_numpy()[events.codes] if len(events) else np.empty(0, np.int64)
    upto, codes = _upto(totals, _at(labels, _microseconds(labels, "prediction_time")))
    most = upto
    if "start" in labels.columns:
        start = _microseconds(labels, "start")
        less, before = _upto(totals, _at(labels, np.where(start == STATIC, STATIC + 1, start) - 1))
        most, codes = most - less, codes - before
    _each(rows[1] - rows[0] == most, "not all events that may be seen are visible, or others are")
    _each(_sums(weights, *rows) == codes, "codes of visible events are not those of the table")
    own = usable.filter(pl.col(TIME).is_null()).group_by(SUBJECT).len()
    count = labels.join(own, on=SUBJECT, how="left", maintain_order="left")["len"].fill_null(0).to_numpy()
    _each(facts[1] - facts[0] == count, "not all facts are visible, or others are")
    return upto


def _totals(usable: pl.DataFrame) -> pl.DataFrame:
    """Running totals over each patient's events with a time: how many, and the sum of hashes of their codes."""
    timed = usable.filter(pl.col(TIME).is_not_null())
    codes = timed[CODE].cast(pl.String)
    hashed = (codes.hash(seed=0) % _HASHES).cast(pl.Int64)
    frame = timed.select(SUBJECT, at=pl.col(TIME).cast(pl.Int64)).with_columns(hashed=hashed)
    running = frame.with_columns(
        count=pl.col("at").cum_count().over(SUBJECT).cast(pl.Int64), codes=pl.col("hashed").cum_sum().over(SUBJECT)
    )
    return running.drop("hashed")


def _upto(totals: pl.DataFrame, asked: pl.DataFrame) -> tuple[Integers, Integers]:
    """Totals of each patient at the last event that is not later than asked."""
    found = (
        asked.with_row_index("asked")
        .sort("at")
        .join_asof(totals, on="at", by=SUBJECT, strategy="backward", check_sortedness=False)
        .sort("asked")
        .select(pl.col("count", "codes").fill_null(0))
    )
    return found["count"].to_numpy(), found["codes"].to_numpy()


def _at(labels: pl.DataFrame, times: Integers) -> pl.DataFrame:
    return labels.select(SUBJECT, at=pl.Series(times, dtype=pl.Int64))


def _microseconds(labels: pl.DataFrame, column: str) -> Integers:
    if column not in labels.columns:
        return np.full(len(labels), STATIC)
    return labels[column].cast(pl.Datetime("us")).cast(pl.Int64).fill_null(STATIC).to_numpy()


def _count(hit: Booleans, begin: Integers, past: Integers) -> Integers:
    """How many of each stretch."""
    return _sums(hit.astype(np.int64), begin, past)


def _sums(weights: Integers, begin: Integers, past: Integers) -> Integers:
    before: Integers = np.concatenate([[0], np.cumsum(weights)])
    begin = np.minimum(begin, len(weights))
    return before[np.maximum(past, begin)] - before[begin]


def _each(right: Booleans, wrong: str) -> None:
    _holds(bool(np.all(right)), wrong, int((~right).sum()))


def _holds(right: bool, wrong: str, cases: int) -> None:
    if not right:
        msg = (
            f"the proof of the cohort failed: {wrong} ({cases} histories); nothing may be learned from it. Check that "
            "the folder was not changed while it was read; otherwise report it as a fault in bedside"
        )
        raise RecordsProblem(msg)
