"""The audit finds what gives the outcome away, and stays quiet otherwise."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bedside.data import audit
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.types import PatientId, SampleId


def sample(k: int, *, patient: str = "", outcome: bool = False, when: datetime | None = None) -> Sample[None, bool]:
    return Sample(SampleId(str(k)), PatientId(patient or str(k)), None, outcome, when)


def split(development: list[int], test: list[int]) -> Split:
    none = np.empty(0, dtype=np.int64)
    return Split("holdout", np.array(development), none, none, np.array(test))


def test_a_disguised_outcome_is_found_in_both_directions() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 300)
    honest = rng.normal(size=300) + classes
    twin = -classes + rng.normal(scale=0.05, size=300)
    found = audit.suspects([("honest", honest), ("twin", twin)], classes=classes)
    assert [suspect.name for suspect in found] == ["twin"]
    assert found[0].separation == pytest.approx(1.0)


def test_a_disguised_number_is_found() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=200)
    found = audit.suspects([("same", np.exp(values)), ("other", rng.normal(size=200))], values=values)
    assert [suspect.name for suspect in found] == ["same"]


def test_separation_leaves_missing_values_out_and_says_nothing_without_two_classes() -> None:
    numbers = np.array([1.0, 2.0, np.nan, 4.0])
    assert audit.separation_of_classes(numbers, np.array([0, 0, 1, 0])) == 0.5
    assert audit.separation_of_classes(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])) == 1.0
    assert audit.separation_of_numbers(np.full(20, 3.0), np.arange(20.0)) == 0.0


def test_duplicates_count_cases_of_other_patients_and_their_conflicts() -> None:
    samples = [
        sample(0, patient="a"),
        sample(1, patient="b", outcome=True),
        sample(2, patient="c"),
        sample(3, patient="c"),
    ]
    found = audit.duplicates(samples, [b"x", b"x", b"y", b"y"])
    assert (found.cases, found.conflicting) == (2, 2)


def test_copies_and_patients_across_a_split() -> None:
    samples = [sample(0, patient="a"), sample(1, patient="b"), sample(2, patient="a"), sample(3, patient="d")]
    one = split([0, 1], [2, 3])
    assert audit.copies_in_test(one, [b"x", b"y", b"z", b"y"]) == 1
    assert audit.patients_on_both_sides(one, samples) == 1


def test_patients_known_to_both_sources_are_counted_with_their_cases() -> None:
    samples = [sample(k, patient=p) for k, p in enumerate(["a", "a", "b", "c", "c", "a", "d"])]
    found = audit.known_to_both(samples, np.array([3, 4, 5, 6]))
    assert (found.patients, found.cases) == (1, 2)
    assert audit.known_to_both(samples[:4], np.array([3])) == audit.Known(0, 0)


def test_future_times_are_counted_with_and_without_zone() -> None:
    now = datetime(2025, 6, 1, tzinfo=UTC)
    late = now + timedelta(days=1)
    samples = [sample(0, when=now), sample(1, when=late), sample(2, when=late.replace(tzinfo=None)), sample(3)]
    assert audit.in_the_future(samples, now=now) == 2


def test_target_encoding_is_found_and_honest_levels_are_not() -> None:
    rng = np.random.default_rng(0)
    outcome = rng.integers(0, 2, 300).astype(float)
    ward = rng.integers(0, 8, 300)
    means = np.array([outcome[ward == k].mean() for k in range(8)])
    columns = [("encoded", means[ward]), ("level", ward.astype(float)), ("number", rng.normal(size=300))]
    assert audit.target_encoded(columns, outcome) == ("encoded",)


def test_near_copies_are_counted_without_the_identical_ones() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(200, 5))
    matrix[100] = matrix[0]
    matrix[101:104] = matrix[1:4] + 0.001
    learned, judged = np.arange(100), np.arange(100, 200)
    assert audit.near_copies(matrix, learned, judged) == 3
    assert audit.near_copies(rng.normal(size=(200, 5)), learned, judged) == 0
    assert audit.near_copies(matrix[:, :2], learned, judged) == 0
    assert audit.can_be_near(matrix)
    assert not audit.can_be_near(matrix[:, :2])
    assert not audit.can_be_near(np.empty((0, 4)))
