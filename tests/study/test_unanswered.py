"""Outcomes that cases are watched for are described and compared by what is known of each."""

import numpy as np
import pytest
from tests.study.test_times_to_events import ENDPOINT, SCHEMA

from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.data.validation import Holdout
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.target import Watching, classes_by_case, outcomes_by_case
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.modalities.tabular.modality import tabular
from bedside.study.describe import partitions
from bedside.study.job import Division
from bedside.study.shift import shift
from bedside.study.suppression import SmallCells, answers
from bedside.types import Integers, PatientId, SampleId

FREE, DEATH, UNKNOWN = "no death by 12 months", "death by 12 months", "censored before 12 months"
NONE: Integers = np.empty(0, dtype=np.int64)


def samples(*outcomes: Followed) -> list[Sample[int, Followed]]:
    return [Sample(SampleId(str(k)), PatientId(str(k)), k, one) for k, one in enumerate(outcomes)]


def split(developed: int, judged: int) -> Split:
    every = np.arange(developed + judged, dtype=np.int64)
    return Split("holdout", every[:developed], NONE, NONE, every[developed:])


KNOWN = (Followed(14.0, 0), Followed(3.0, 1), Followed(5.0, 2), Followed(13.0, 1), Followed(6.0, 0))


def test_each_case_is_in_one_class_or_without_answer() -> None:
    found = outcomes_by_case(ENDPOINT.target, KNOWN)
    assert list(found) == [FREE, DEATH, UNKNOWN]
    assert found[FREE].tolist() == [True, False, True, True, False], "transplanted before is no death"
    assert found[DEATH].tolist() == [False, True, False, False, False]
    assert found[UNKNOWN].tolist() == [False, False, False, False, True]
    assert list(classes_by_case(ENDPOINT.target, KNOWN)) == [FREE, DEATH]
    assert answers(ENDPOINT.target, KNOWN)[0].tolist() == [0, 1, 0, 0, -1]
    other = binary(positive="ill", negative="well")
    assert list(outcomes_by_case(other.target, [True, False])) == ["well", "ill"], "all answer"


def test_any_event_ends_a_watch_that_would_have_gone_on() -> None:
    """Reverse Kaplan and Meier of censorings at 2, 4 and 6 of cases at risk 6, 4, 1: 5/6, 5/8, 0."""
    times = (Followed(2.0, 0), Followed(3.0, 1), Followed(4.0, 0), Followed(5.0, 2), Followed(5.5, 1), Followed(6.0, 0))
    (development, _) = partitions("holdout", [split(6, 1)], samples(*times, Followed(1.0, 1)), ENDPOINT)
    assert development.watched is not None
    assert (development.watched.events, development.watched.median) == (2, 6.0)
    assert development.outcome == {FREE: 1.0, DEATH: 2.0, UNKNOWN: 3.0}
    assert isinstance(ENDPOINT.target, Watching)
    assert not isinstance(binary(positive="ill", negative="well").target, Watching)


def test_follow_up_of_which_less_than_half_ended_has_no_median() -> None:
    died = [Followed(float(k), 1) for k in range(1, 9)]
    (row,) = partitions("holdout", [split(9, 0)], samples(*died, Followed(0.5, 0)), ENDPOINT)
    assert row.watched is not None
    assert row.watched.median is None


def test_few_events_are_withheld_with_all_that_would_tell_them() -> None:
    many = [Followed(20.0, 0)] * 40 + [Followed(3.0, 1)] * 4 + [Followed(3.0, 0)] * 20
    (row,) = partitions("holdout", [split(64, 0)], samples(*many), ENDPOINT, cells=SmallCells(11))
    assert row.watched is not None
    assert row.watched.events == "<11"
    assert row.outcome[DEATH] == "<11"
    assert isinstance(row.outcome[UNKNOWN], str), "it would tell the deaths"
    almost = [Followed(3.0, 1)] * 40 + [Followed(3.0, 0)] * 4
    (row,) = partitions("holdout", [split(44, 0)], samples(*almost), ENDPOINT, cells=SmallCells(11))
    assert row.watched is not None
    assert row.watched.events == "withheld"


def test_shares_of_classes_shift_among_those_who_answer() -> None:
    """Half of those judged are not watched long enough; among the others as many die."""
    learned = [Followed(20.0, 0)] * 6 + [Followed(3.0, 1)] * 6
    judged = [Followed(20.0, 0)] * 3 + [Followed(3.0, 1)] * 3 + [Followed(3.0, 0)] * 6
    division = Division(Holdout(), (split(12, 12),), tuple(samples(*learned, *judged)), (), ())
    bare = tabular(SCHEMA)
    nothing = type(bare)(name="none", variables=lambda _: (), digest=bare.digest)
    found = {row.variable: row.value for row in shift(division, nothing, ENDPOINT, SmallCells())}
    assert found == {
        f"outcome: {FREE}": pytest.approx(0.0),
        f"outcome: {DEATH}": pytest.approx(0.0),
        f"outcome: {UNKNOWN}": pytest.approx(0.5),
    }
