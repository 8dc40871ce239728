"""Drawing a declared cohort from a table of events: labels, the flow, and the proof that nothing later is visible.

One pass a shard, vectorised over its patients; shards are independent tasks: the number of jobs decides nothing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from bedside.errors import CohortProblem
from bedside.modalities.records.cohort.attributes import attributes
from bedside.modalities.records.cohort.candidates import Candidates, candidates
from bedside.modalities.records.cohort.declaration import EventCohort, Which
from bedside.modalities.records.cohort.eligible import NEVER_HAPPENS, Exclusions, eligible, end_of_observation, in_order
from bedside.modalities.records.cohort.flow import Flow, flow_of
from bedside.modalities.records.cohort.followed import Followed, follow
from bedside.modalities.records.cohort.histories import joined, samples_of, seen_of
from bedside.modalities.records.cohort.marks import check_codes, marks
from bedside.modalities.records.cohort.outcome import Binary, Stop, Until
from bedside.modalities.records.cohort.proof import Proof, prove, together
from bedside.modalities.records.cohort.span import Anchor
from bedside.modalities.records.cohort.timeline import NEVER, NO_ENCOUNTER, Shard, shard_of
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.schema import EVENTS, SUBJECT
from bedside.tasks.local import Local
from bedside.tasks.runner import Runner
from bedside.types import Booleans, Integers

_FALLEN_BACK = "index times without the declared end of observation, taken as observed to the patient's last event"
_DIED = "samples censored by death; declare it as competing where it rules the outcome out"
_STOPPED = "samples in whom the competing event came first: the time until it is their outcome"


@dataclass(frozen=True)
class Drawn:
    """A cohort.

    Attributes:
        labels: One row a possible index time, and one for each patient without any: `subject_id`, `prediction_time`,
            `sample` (null where excluded), the outcome (`boolean_value`, `float_value` or `codes`; null where it is not
            known), `reason` (null for a sample, else words of the exclusion), `start` of the observation window,
            `observed_until` (until when the outcome was watched), `censored`, `competing`, `outcome_time`,
            `index_event`, `encounter_id`, `age_years`, and `attribute.NAME` each.
        flow: Where everyone went.
        proof: What was checked.
    """

    labels: pl.DataFrame
    flow: Flow
    proof: Proof

    @property
    def samples(self) -> pl.DataFrame:
        """Labels of the samples alone."""
        return self.labels.filter(pl.col("reason").is_null())


def draw(
    folder: EventFolder,
    cohort: EventCohort,
    *,
    jobs: int | None = None,
    on_shard: Callable[[str], None] | None = None,
    runner: Runner | None = None,
) -> Drawn:
    """Draw a cohort; the same labels, bytes and order whatever the number of jobs.

    Args:
        folder: The table of events.
        cohort: The declaration.
        jobs: Shards at once; all processors when None.
        on_shard: Is told the name of each shard that is done.
        runner: Where shards are worked on; in processes of this machine when None.

    Raises:
        CohortProblem: Nobody is left; the message says where everyone went.
        RecordsProblem: The declaration does not fit the table, or the proof fails.
        RunError: A process was ended, or shards cannot be worked on where they should.
    """
    notes = list(check_codes(cohort, folder.codes))
    shards = folder.shards
    tasks = [partial(draw_shard, path, cohort) for path in shards]
    stream = (runner or Local()).run(tasks, jobs=jobs, folders=(folder.path,))
    parts = []
    for path, part in zip(shards, stream, strict=True):
        parts.append(part)
        if on_shard is not None:
            on_shard(path.name)
    counted: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for part in parts:
        counted.update(part.counted)
        left_out.update(part.left_out)
    notes += [f"{count} {words}" for words, count in counted.items() if count]
    notes += [f"criterion {words!r} looks past the index time" for words in cohort.sees_future]
    if cohort.index.which is Which.LAST:
        notes.append("which index event is a patient's last is known only afterwards")
    labels = pl.concat([part.labels for part in parts])
    flow = flow_of(labels, in_order([part.reasons for part in parts]), left_out, notes)
    if not flow.samples:
        msg = f"the cohort {cohort.name!r} is empty: {flow.sentence}; loosen the step that excludes most"
        raise CohortProblem(msg)
    return Drawn(labels, flow, together(part.proof for part in parts))


@dataclass(frozen=True)
class DrawnShard:
    """What one shard gives: labels, reasons in order, what was left out, what was counted, and the proof."""

    labels: pl.DataFrame
    reasons: tuple[str, ...]
    left_out: dict[str, int]
    counted: dict[str, int]
    proof: Proof


def draw_shard(path: Path, cohort: EventCohort) -> DrawnShard:
    """Draw the patients of one shard."""
    frame = pl.read_parquet(path, schema=EVENTS)
    shard = shard_of(frame, cohort.leave_out, path.name)
    found = candidates(shard, marks(shard, cohort), cohort)
    observed, fallen_back = end_of_observation(found, cohort.censoring)
    out = eligible(found, cohort, observed)
    followed = follow(found, cohort, observed, out)
    labels = _labels(found, cohort, out, followed)
    proof = _proof(frame, labels, cohort.leave_out, path.name)
    return DrawnShard(
        labels=pl.concat([labels, _without(shard, found, labels)]).sort(
            SUBJECT, "prediction_time", maintain_order=True
        ),
        reasons=(NEVER_HAPPENS, *out.words),
        left_out=dict(shard.left_out),
        counted={
            _FALLEN_BACK: fallen_back,
            _DIED: _died(found, cohort, out, followed),
            _STOPPED: _stopped(cohort, out, followed),
        },
        proof=proof,
    )


def _labels(found: Candidates, cohort: EventCohort, out: Exclusions, followed: Followed) -> pl.DataFrame:
    """One row a candidate; what came of the excluded is not told."""
    turn = np.arange(len(found)) - np.searchsorted(found.subject, found.subject)
    ids = pl.Series(found.shard.ids[found.subject])
    left = out.left
    words = pl.Series([*out.words, None], dtype=pl.String)
    reason = words.gather(np.where(left, len(out.words), out.reason))
    encounter = found.shard.encounters[found.row]
    start = found.at(cohort.observation.start)
    opened = cohort.observation.start.anchor is Anchor.FIRST and not cohort.observation.start.offset
    whole = np.full(len(found), opened)
    values = {name: series.set(pl.Series(~left), None) for name, series in followed.values.items()}
    return pl.DataFrame(
        {
            SUBJECT: ids,
            "prediction_time": _time(found.index, np.ones(len(found), bool)),
            "sample": (ids.cast(pl.String) + "/" + pl.Series(turn).cast(pl.String)).set(pl.Series(~left), None),
            **values,
            "reason": reason,
            "start": _time(start, left & ~whole),
            "observed_until": _time(followed.until, left),
            "censored": pl.Series(followed.censored).set(pl.Series(~left), None),
            "competing": pl.Series(followed.competed).set(pl.Series(~left), None),
            "outcome_time": _time(followed.happened, left & (followed.happened != NEVER)),
            "index_event": _time(found.event, np.ones(len(found), bool)),
            "encounter_id": pl.Series(encounter).set(pl.Series(encounter == NO_ENCOUNTER), None),
            "age_years": pl.Series(found.age_years()).fill_nan(None),
            **attributes(found, cohort),
        }
    )


def _without(shard: Shard, found: Candidates, labels: pl.DataFrame) -> pl.DataFrame:
    """One row for each patient in whom the index event never happens."""
    ids = np.delete(shard.ids, np.unique(found.subject))
    rows = pl.DataFrame({SUBJECT: pl.Series(ids, dtype=pl.Int64)}).with_columns(reason=pl.lit(NEVER_HAPPENS))
    return pl.concat([labels.clear(), rows], how="diagonal")


def _proof(frame: pl.DataFrame, labels: pl.DataFrame, leave_out: Flag, called: str) -> Proof:
    samples = labels.filter(pl.col("reason").is_null())
    rows = frame.filter(pl.col(SUBJECT).is_in(samples[SUBJECT].unique().implode()))
    seen = seen_of(rows, samples_of(samples), leave_out, called)
    return prove(rows, samples, leave_out, joined([seen], len(samples)), seen.left_out)


def _died(found: Candidates, cohort: EventCohort, out: Exclusions, followed: Followed) -> int:
    """Samples that are censored where the patient died, of whom a binary outcome may be known after all."""
    if not isinstance(cohort.outcome, Binary):
        return 0
    death = found.shard.death()[found.subject]
    return int((out.left & followed.censored & (death <= followed.until)).sum())


def _stopped(cohort: EventCohort, out: Exclusions, followed: Followed) -> int:
    """Samples whose outcome is the time until the competing event."""
    if not isinstance(cohort.outcome, Until) or cohort.outcome.at_competing is not Stop.STOP:
        return 0
    return int((out.left & followed.competed).sum())


def _time(times: Integers, there: Booleans) -> pl.Series:
    return pl.Series(np.where(there, times, 0)).cast(pl.Datetime("us")).set(pl.Series(~there), None)
