"""Divisions of a cohort: by patient, stratified, repeatable, complete."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.data.sample import Sample
from bedside.data.source import DataFile
from bedside.data.split import Split
from bedside.data.validation import (
    CrossValidation,
    External,
    Holdout,
    LearningCurve,
    LeaveSiteOut,
    Predefined,
    Temporal,
)
from bedside.errors import CohortProblem, StudyError
from bedside.types import PatientId, SampleId

START = datetime(2020, 1, 1, tzinfo=UTC)


def cohort(patients: int, *, visits: int = 1, every: int = 3, sites: int = 3) -> list[Sample[None, bool]]:
    return [
        Sample(
            key=SampleId(f"{p}-{v}"),
            patient=PatientId(f"p{p}"),
            predictors=None,
            outcome=(p + v) % every == 0,
            index_time=START + timedelta(days=p + 40 * v),
            attributes={"site": f"s{(p // 3) % sites}", "partition": ("train", "val", "test")[(p // 3) % 3]},
        )
        for p in range(patients)
        for v in range(visits)
    ]


def stratum(outcome: bool) -> bool:
    return outcome


def sides(split: Split) -> list[np.ndarray]:
    return [split.development, split.selection, split.calibration, split.test]


VALIDATIONS = [
    Holdout(),
    Holdout(mode="held_out"),
    CrossValidation(folds=4, repeats=2),
    CrossValidation(folds=3, mode="held_out"),
    LeaveSiteOut(),
    Temporal(),
    Predefined(),
]


@pytest.mark.parametrize("validation", VALIDATIONS, ids=lambda v: f"{v.name}-{getattr(v, 'mode', '')}")
@pytest.mark.parametrize("visits", [1, 3])
def test_no_patient_stands_on_two_sides(validation: Holdout, visits: int) -> None:
    samples = cohort(90, visits=visits)
    for split in validation.splits(samples, stratum, 7):
        groups = [{samples[k].patient for k in side.tolist()} for side in sides(split)]
        for a in range(4):
            for b in range(a + 1, 4):
                assert not groups[a] & groups[b]
        assert split.test.size
        assert split.development.size


@pytest.mark.parametrize("validation", VALIDATIONS, ids=lambda v: f"{v.name}-{getattr(v, 'mode', '')}")
def test_same_seed_same_split_and_file_order_decides_nothing(validation: Holdout) -> None:
    samples = cohort(90, visits=2)
    turned = samples[::-1]
    first = validation.splits(samples, stratum, 3)
    again = validation.splits(turned, stratum, 3)
    for a, b in zip(first, again, strict=True):
        for one, other in zip(sides(a), sides(b), strict=True):
            assert {samples[k].key for k in one.tolist()} == {turned[k].key for k in other.tolist()}


@given(patients=st.integers(20, 120), folds=st.integers(2, 6), seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_folds_judge_every_sample_once_a_repeat_and_keep_prevalence(patients: int, folds: int, seed: int) -> None:
    samples = cohort(patients, every=2)
    splits = CrossValidation(folds=folds, repeats=2).splits(samples, stratum, seed)
    for repeat in (0, 1):
        tested = np.concatenate([split.test for split in splits if split.repeat == repeat])
        assert sorted(tested.tolist()) == list(range(patients))
    positives = [sum(samples[k].outcome for k in split.test.tolist()) for split in splits]
    assert max(positives) - min(positives) <= 2


def test_inner_folds_cover_development_by_patient() -> None:
    samples = cohort(60, visits=2)
    (split,) = Holdout(inner=3).splits(samples, stratum, 0)
    assert len(split.folds) == 3
    held = np.concatenate([fold.held_out for fold in split.folds])
    assert sorted(held.tolist()) == list(range(split.development.size))
    for fold in split.folds:
        inside = {samples[split.development[k]].patient for k in fold.fit.tolist()}
        outside = {samples[split.development[k]].patient for k in fold.held_out.tolist()}
        assert not inside & outside


def test_large_cohorts_hold_out_tuning_in_two_halves() -> None:
    (split,) = Holdout().splits(cohort(3000), stratum, 0)
    assert not split.folds
    shares = [side.size / 3000 for side in sides(split)]
    assert shares == pytest.approx([0.70, 0.075, 0.075, 0.15], abs=0.005)


def test_temporal_learns_nothing_after_the_cut() -> None:
    samples = cohort(100, visits=3)
    (split,) = Temporal(test_fraction=0.25).splits(samples, stratum, 0)
    learned = [samples[k].index_time for k in split.development.tolist()]
    first_judged = min(samples[k].index_time for k in split.test.tolist() if samples[k].index_time is not None)
    assert max(time for time in learned if time is not None) < first_judged


@pytest.mark.parametrize(
    ("validation", "samples", "words"),
    [
        (CrossValidation(folds=10), cohort(6), "6 patients cannot be divided into 10 folds"),
        (CrossValidation(folds=5), cohort(40, every=20), "rarest outcome occurs in 2 patients"),
        (LeaveSiteOut(), cohort(30, sites=1), "at least two values"),
        (Holdout(), [], "the cohort is empty"),
        (Holdout(), cohort(1), "too few"),
        (Temporal(), [Sample(SampleId("a"), PatientId("a"), None, outcome=True)], "index time for every sample"),
    ],
)
def test_what_cannot_be_divided_says_why(validation: Holdout, samples: list[Sample[None, bool]], words: str) -> None:
    with pytest.raises(CohortProblem, match=words):
        validation.splits(samples, stratum, 0)


def test_a_learning_curve_nests_development_and_keeps_the_test() -> None:
    samples = cohort(400)
    splits = LearningCurve(shares=(0.1, 0.5, 1.0)).splits(samples, stratum, 0)
    learned = [set(split.development.tolist()) for split in splits]
    assert learned[0] < learned[1] < learned[2]
    assert [len(part) for part in learned] == pytest.approx([34, 170, 340], abs=2)
    assert len({tuple(split.test.tolist()) for split in splits}) == 1
    with pytest.raises(StudyError, match="ascend within"):
        LearningCurve(shares=(0.5, 0.1))


def test_a_learning_curve_of_a_large_cohort_keeps_the_test() -> None:
    samples = cohort(4000)
    splits = LearningCurve(shares=(0.1, 1.0)).splits(samples, stratum, 0)
    assert splits[0].folds
    assert splits[1].selection.size
    assert np.array_equal(splits[0].test, splits[1].test)
    assert sum(side.size for side in sides(splits[1])) == 4000


@dataclass(frozen=True)
class Elsewhere:
    name: str = "elsewhere"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[object]:
        raise NotImplementedError

    def simulate(self, n: int, *, seed: int) -> Iterator[object]:
        raise NotImplementedError


def test_nobody_who_is_judged_in_another_source_is_learned_from() -> None:
    here = cohort(40)
    there = [
        Sample(SampleId(f"elsewhere/{k}"), PatientId(f"p{k}"), None, outcome=k % 3 == 0, attributes={"source": name})
        for name in ("elsewhere",)
        for k in range(30, 60)
    ]
    (split,) = External(source=Elsewhere()).splits([*here, *there], stratum, 0)
    assert split.test.tolist() == list(range(40, 70))
    assert split.development.tolist() == list(range(30))
    with pytest.raises(CohortProblem, match="found 0 samples in 'elsewhere' and 40 other patients"):
        External(source=Elsewhere()).splits(here, stratum, 0)
    with pytest.raises(CohortProblem, match="and 0 other patients to learn from"):
        External(source=Elsewhere()).splits(there, stratum, 0)
    assert "cannot be recognised" in External(source=Elsewhere()).description
    assert "judged and not learned from" in External(source=Elsewhere(), same_identifiers=True).description


def test_unknown_attributes_and_bad_shares_are_declared_wrong() -> None:
    with pytest.raises(StudyError, match="carry no attribute 'ward'"):
        LeaveSiteOut(attribute="ward").splits(cohort(30), stratum, 0)
    with pytest.raises(StudyError, match="add up to 1"):
        Holdout(development=0.8, tuning=0.2, test=0.2)
    with pytest.raises(StudyError, match="at least 2 folds"):
        CrossValidation(folds=1)


def test_predefined_refuses_patients_on_two_sides_and_unknown_words() -> None:
    samples = cohort(30, visits=2)
    crossed = [
        Sample(s.key, s.patient, None, s.outcome, attributes={"partition": "test" if k % 2 else "train"})
        for k, s in enumerate(samples)
    ]
    with pytest.raises(CohortProblem, match="30 patient"):
        Predefined().splits(crossed, stratum, 0)
    odd = [Sample(s.key, s.patient, None, s.outcome, attributes={"partition": "tset"}) for s in samples]
    with pytest.raises(CohortProblem, match="unknown word"):
        Predefined().splits(odd, stratum, 0)


def test_few_events_are_cross_fitted_and_never_left_out_of_a_half() -> None:
    samples = cohort(2600, every=260)
    for seed in range(10):
        (split,) = Holdout().splits(samples, stratum, seed)
        assert split.folds
    with pytest.raises(CohortProblem, match="would hold no patient with some outcome"):
        Holdout(mode="held_out").splits(cohort(2600, every=1000), stratum, 0)


def test_times_without_a_zone_are_read_alike_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [
        Sample(
            s.key,
            s.patient,
            None,
            s.outcome,
            s.index_time.replace(tzinfo=None) if k % 2 and s.index_time else s.index_time,
        )
        for k, s in enumerate(cohort(60))
    ]
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    (there,) = Temporal().splits(samples, stratum, 0)
    monkeypatch.undo()
    time.tzset()
    (here,) = Temporal().splits(cohort(60), stratum, 0)
    assert there.test.tolist() == here.test.tolist()


def test_who_fixed_the_partitions_is_told() -> None:
    """Nothing was published where the study itself parted the patients."""
    assert "published" in Predefined().description
    words = Predefined(tuning=(), fixed="A third was judged.").description
    assert words.startswith("A third was judged. Learners were")
    assert Predefined(fixed="A third was judged.").description.endswith("A tuning partition was halved by patient.")
