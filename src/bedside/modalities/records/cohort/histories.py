"""What may be seen of each sample: the rows of a cohort, once, and a view of them for every index time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.timeline import check_order, coded, position, usable_of
from bedside.modalities.records.events.flag import UNUSABLE, Flag
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.schema import CODE, EVENTS, FLAGS, NUMBER, SUBJECT, TEXT, TIME
from bedside.modalities.records.history import STATIC, Events, History
from bedside.modalities.records.spoken import spoken
from bedside.types import Integers

S = TypeVar("S", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows of one shard that the samples of its patients may see, and where each sample's lie.

    Attributes:
        samples: Position of each sample of this shard in the table of labels, shape (n,).
        facts: First and past the last row of facts, shape (n, 2).
        rows: First and past the last row of events, shape (n, 2).
        start: Start of each observation window, shape (n,).
        index: Index times, shape (n,).
        times: Shape (rows,), as the following.
        codes: Position in `words`.
        numbers: NaN where there is none.
        texts: Position in `written`, -1 where there is none.
        words: Different codes of these rows, sorted.
        written: Different texts of these rows, sorted.
        left_out: Flagged events of these patients that are not among the rows, by the word of their flag.
    """

    samples: Integers
    facts: Integers
    rows: Integers
    start: Integers
    index: Integers
    times: Integers
    codes: NDArray[np.int32]
    numbers: NDArray[np.float32]
    texts: NDArray[np.int32]
    words: tuple[str, ...]
    written: tuple[str, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def histories(folder: EventFolder, labels: pl.DataFrame, *, leave_out: Flag = UNUSABLE) -> tuple[Events, list[History]]:
    """A history for every sample, in the order of the labels; rows that no sample may see are never held.

    Memory is that of the rows that are seen, once each however many index times see them, and of one shard.

    Args:
        folder: The table of events.
        labels: With `subject_id`, `prediction_time` and, where a window has a start, `start`; rows with a `reason` are
            no samples and get no history.
        leave_out: Flags whose events are not seen.

    Raises:
        RecordsProblem: A patient of the labels is not in the table, or a column is missing.
    """
    samples = samples_of(labels)
    parts = [seen for shard in folder.shards if len((seen := seen_in(shard, samples, leave_out)).samples)]
    found = sum(len(part.samples) for part in parts)
    if found != len(samples):
        msg = (
            f"{len(samples) - found} of {len(samples)} samples are of patients who are not in the table of events; "
            "give the folder from which the labels were drawn"
        )
        raise RecordsProblem(msg)
    return joined(parts, len(samples), dict(folder.codes.select("code", "description").iter_rows()))


def samples_of(labels: pl.DataFrame) -> pl.DataFrame:
    """Samples of a table of labels: patient, start and index time as numbers, in order."""
    missing = [name for name in (SUBJECT, "prediction_time") if name not in labels.columns]
    if missing:
        msg = f"the labels have no column {missing[0]!r}; columns of MEDS labels are subject_id and prediction_time"
        raise RecordsProblem(msg)
    if "reason" in labels.columns:
        labels = labels.filter(pl.col("reason").is_null())
    if labels["prediction_time"].null_count():
        msg = f"{labels['prediction_time'].null_count()} samples have no prediction time; every sample needs one"
        raise RecordsProblem(msg)
    start = pl.col("start").cast(pl.Datetime("us")).cast(pl.Int64) if "start" in labels.columns else pl.lit(None)
    return labels.select(
        SUBJECT,
        start=start.cast(pl.Int64),
        index=pl.col("prediction_time").cast(pl.Datetime("us")).cast(pl.Int64),
    ).with_row_index("sample")


def seen_in(path: Path, samples: pl.DataFrame, leave_out: Flag) -> Seen:
    """What the samples of the patients of one shard may see."""
    wanted = samples[SUBJECT].unique()
    frame = (
        pl.scan_parquet(path, schema=EVENTS)
        .select(SUBJECT, TIME, CODE, NUMBER, TEXT, FLAGS)
        .filter(pl.col(SUBJECT).is_in(wanted.implode()))
        .collect()
    )
    return seen_of(frame, samples, leave_out, path.name)


def seen_of(frame: pl.DataFrame, samples: pl.DataFrame, leave_out: Flag, called: str) -> Seen:
    """What samples may see of the rows of their patients."""
    ids = frame[SUBJECT].unique(maintain_order=True)
    here = samples.filter(pl.col(SUBJECT).is_in(ids.implode()))
    usable, left_out = usable_of(frame, leave_out)
    place = dict(zip(ids.to_list(), range(len(ids)), strict=True))
    subject = usable[SUBJECT].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    whose = here[SUBJECT].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    times = usable[TIME].cast(pl.Int64).fill_null(STATIC).to_numpy()
    check_order(subject, times, called)
    first = np.searchsorted(subject, np.arange(len(ids) + 1)).astype(np.int64)
    low, high, index = first[whose], first[whose + 1], here["index"].to_numpy()
    timed = position(times, low, high, np.full(len(here), STATIC), after=True)
    start = here["start"].fill_null(STATIC + 1).to_numpy()
    begin = position(times, timed, high, start, after=False)
    past = position(times, begin, high, index, after=True)
    opened = np.where(timed < past, times[np.minimum(timed, max(len(times) - 1, 0))], index) if len(times) else index
    start = np.where(start == STATIC + 1, opened, start)
    kept, facts, rows = _packed(len(times), np.stack([low, timed], 1), np.stack([begin, past], 1))
    held = usable[kept]
    codes, words = coded(held[CODE])
    texts, written = coded(held[TEXT])
    return Seen(
        samples=here["sample"].cast(pl.Int64).to_numpy(),
        facts=facts,
        rows=rows,
        start=start,
        index=index,
        times=times[kept],
        codes=codes,
        numbers=held[NUMBER].fill_null(float("nan")).to_numpy(),
        texts=texts,
        words=words,
        written=written,
        left_out=left_out,
    )


def _packed(n: int, *ranges: Integers) -> tuple[Integers, Integers, Integers]:
    """The rows that lie in any range, and the ranges among those rows alone."""
    steps = np.zeros(n + 1, np.int64)
    for each in ranges:
        np.add.at(steps, each[:, 0], 1)
        np.add.at(steps, each[:, 1], -1)
    inside = np.cumsum(steps)[:n] > 0
    before = np.concatenate([[0], np.cumsum(inside)])
    facts, rows = (before[each] for each in ranges)
    return np.flatnonzero(inside), facts, rows


def joined(
    parts: list[Seen], samples: int, described: Mapping[str, str | None] | None = None
) -> tuple[Events, list[History]]:
    """The rows of all shards as one table, and a view of it for each sample; with what the source calls its codes."""
    words = tuple(sorted({word for part in parts for word in part.words}))
    written = tuple(sorted({text for part in parts for text in part.written}))
    events = Events(
        times=_all([part.times for part in parts], np.int64),
        codes=_all([_moved(part.codes, part.words, words) for part in parts], np.int32),
        numbers=_all([part.numbers for part in parts], np.float32),
        texts=_all([_moved(part.texts, part.written, written) for part in parts], np.int32),
        words=words,
        written=written,
        names=spoken(words, described or {}),
    )
    views: list[History | None] = [None] * samples
    offset = 0
    for part in parts:
        columns = (part.samples, *(part.facts + offset).T, *(part.rows + offset).T, part.start, part.index)
        for sample, fact, facts, row, rows, start, index in zip(*(c.tolist() for c in columns), strict=True):
            views[sample] = History(events, (fact, facts), (row, rows), start, index)
        offset += len(part.times)
    return events, [view for view in views if view is not None]


def _all(arrays: list[NDArray[S]], dtype: type[S]) -> NDArray[S]:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)


def _moved(positions: NDArray[np.int32], old: tuple[str, ...], new: tuple[str, ...]) -> NDArray[np.int32]:
    """Positions in one sorted list of words as positions in a longer one; -1 stays."""
    place = {word: k for k, word in enumerate(new)}
    moved = np.array([*(place[word] for word in old), -1], dtype=np.int32)
    return moved[positions]
