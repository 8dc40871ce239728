"""A history as of an earlier hour holds what was known then, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.stays import WORDS, Row, drawn, histories

from bedside.errors import RecordsProblem
from bedside.modalities.records.earlier import as_of
from bedside.modalities.records.history import BIRTH, HOUR, YEAR
from bedside.modalities.records.modality import digests, records, variables

HEART = "LOINC//HR"


def test_what_came_later_is_gone_and_facts_stay() -> None:
    rows: list[Row] = [
        (None, "SEX//F", None, None),
        (30.0, HEART, 70.0, None),
        (12.0, HEART, 80.0, None),
        (0.0, HEART, 90.0, None),
    ]
    (one,) = histories(rows)
    assert [len(as_of(one, hours)) for hours in (0, 0.5, 12, 12.5, 40)] == [3, 2, 2, 1, 0]
    then = as_of(one, 12)
    assert then.hours.tolist() == [18.0, 0.0]
    assert then.facts == one.facts
    assert then.events is one.events
    assert as_of(one, 40).start <= as_of(one, 40).index


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1_000), first=st.integers(0, 40), second=st.floats(0, 40))
def test_nothing_is_later_than_the_index_time_and_steps_back_add_up(seed: int, first: int, second: float) -> None:
    for one in drawn(4, seed=seed):
        then = as_of(one, first)
        assert (then.hours >= 0).all()
        again, once = as_of(then, second), as_of(one, first + second)
        assert abs(again.index - once.index) <= 1  # of a microsecond
        assert len(again) <= len(then) <= len(one)


def test_an_age_is_that_of_the_earlier_time() -> None:
    (one,) = histories([(YEAR * 50, BIRTH, None, None)], words=tuple(sorted((*WORDS, BIRTH))))
    ages = [next(v.numbers for v in variables([each]) if v.name == "age") for each in (one, as_of(one, YEAR))]
    assert ages == [pytest.approx(50.0), pytest.approx(49.0)]


@pytest.mark.parametrize("hours", [-1.0, float("nan")])
def test_nothing_later_can_be_asked_for(hours: float) -> None:
    with pytest.raises(RecordsProblem, match="give 0 hours or more"):
        as_of(drawn(1)[0], hours)


def test_earlier_predictions_are_tried_where_they_are_declared() -> None:
    cases = drawn(12, most=20)
    tried = {one.name: one for one in (records(earlier=(6.0, 12.0)).perturbations or (lambda _: ()))(cases)}
    earlier = [one for one in tried.values() if one.family == "earlier"]
    assert [(one.name, one.strength) for one in earlier] == [("6 h earlier", 6.0), ("12 h earlier", 12.0)]
    made = earlier[0].apply(cases, np.random.default_rng(0))
    assert digests(made) == digests([as_of(case, 6.0) for case in cases])
    assert all(case.index - one.index == 6 * HOUR for case, one in zip(cases, made, strict=True))
    assert not any(one.family == "earlier" for one in (records().perturbations or (lambda _: ()))(cases))
