"""Where everyone went: patients and index times at each step, from the table down to samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bedside.modalities.records.cohort.eligible import NEVER_HAPPENS
from bedside.modalities.records.events.schema import SUBJECT


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        words: Who is excluded by it.
        index_times: Index times that it excludes.
        patients: Patients of whom it excludes an index time.
        left_index_times: Index times after it.
        left_patients: Patients with an index time after it.
    """

    words: str
    index_times: int
    patients: int
    left_index_times: int
    left_patients: int


@dataclass(frozen=True, slots=True)
class Flow:
    """The flow of a cohort.

    Attributes:
        patients: Patients in the table.
        index_times: Possible index times.
        steps: Exclusions in the order in which they were applied, those that exclude nobody too.
        samples: Samples.
        sampled_patients: Patients with a sample.
        censored: Samples whose outcome is not known because observation ended.
        left_out: Flagged events of these patients that were used for nothing, by the word of their flag.
        notes: What else must be known to read it.
    """

    patients: int
    index_times: int
    steps: tuple[Step, ...]
    samples: int
    sampled_patients: int
    censored: int
    left_out: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Where everyone went, in one sentence; steps that exclude nobody are left out."""
        parts = [f"{self.patients} patients with {self.index_times} index times"]
        parts += [
            f"{step.patients} patients: {step.words}"
            if step.words == NEVER_HAPPENS
            else f"{step.index_times} index times of {step.patients} patients: {step.words}"
            for step in self.steps
            if step.patients
        ]
        parts.append(f"{self.samples} samples of {self.sampled_patients} patients")
        return "; ".join((*parts, *self.notes))

    def json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "patients": self.patients,
            "index_times": self.index_times,
            "steps": [{name: getattr(step, name) for name in Step.__slots__} for step in self.steps],
            "samples": self.samples,
            "sampled_patients": self.sampled_patients,
            "censored": self.censored,
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }


def flow_of(
    labels: pl.DataFrame, reasons: Sequence[str], left_out: Mapping[str, int], notes: Sequence[str] = ()
) -> Flow:
    """Count a table of labels.

    Args:
        labels: With `reason`; a patient without an index event has one row without a prediction time.
        reasons: In the order in which they are applied.
        left_out: Flagged events left out.
        notes: What else must be known.
    """
    counts = {
        words: (rows, people)
        for words, rows, people in labels.group_by("reason").agg(pl.len(), pl.col(SUBJECT).n_unique()).rows()
    }
    place = {words: k for k, words in enumerate(reasons)}
    stage = pl.col("reason").replace_strict(place, default=None, return_dtype=pl.Int64).fill_null(len(place))
    last = labels.select(SUBJECT, stage=stage).group_by(SUBJECT).agg(pl.col("stage").max())["stage"]
    index_times = labels["prediction_time"].count()
    steps, left = [], index_times
    for k, words in enumerate(reasons):
        rows, people = counts.get(words, (0, 0))
        rows = 0 if words == NEVER_HAPPENS else rows
        left -= rows
        steps.append(Step(words, rows, people, left, int((last > k).sum())))
    samples = labels.filter(pl.col("reason").is_null())
    return Flow(
        patients=labels[SUBJECT].n_unique(),
        index_times=index_times,
        steps=tuple(steps),
        samples=len(samples),
        sampled_patients=samples[SUBJECT].n_unique(),
        censored=int(samples["censored"].sum()),
        left_out=dict(left_out),
        notes=tuple(notes),
    )
