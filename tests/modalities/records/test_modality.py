"""What the spine is told about records: columns, digests, profiles, and worse records."""

import json
from typing import Any

import numpy as np
import pytest
from tests.modalities.records.stays import Row, drawn, histories

from bedside.modalities.records.history import HOUR, Events, History
from bedside.modalities.records.modality import digests, last_numbers, records, variables
from bedside.modalities.records.perturb import commonest, perturbations
from bedside.modalities.records.profile import FEWEST, compare_with, profile_of


def hr(*numbers: float) -> list[Row]:
    return [(float(len(numbers) - place), "LOINC//HR", number, None) for place, number in enumerate(numbers)]


def rows(one: History) -> list[tuple[int, str, float, str]]:
    events = one.events
    return [
        (
            int(events.times[row]),
            events.words[events.codes[row]],
            round(float(np.nan_to_num(events.numbers[row], nan=-1.0)), 4),
            events.written[events.texts[row]] if events.texts[row] >= 0 else "",
        )
        for row in one.positions()
    ]


def test_columns_say_what_is_there_and_what_was_last() -> None:
    cases = histories([(None, "SEX//F", None, None), *hr(70, 90)], hr(60), [])
    told = {one.name: one for one in variables(cases)}
    assert told["events"].numbers is not None
    assert told["events"].numbers.tolist() == [2, 1, 0]
    assert told["sex"].categories == ("F",)
    assert told["sex"].codes is not None
    assert told["sex"].codes.tolist() == [0, -1, -1]
    last = told["LOINC//HR, last"].numbers
    assert last is not None
    np.testing.assert_array_equal(last, [90, 60, np.nan])
    np.testing.assert_array_equal(last_numbers(cases, "LOINC//NONE"), [np.nan] * 3)


def test_a_digest_knows_content_and_not_where_it_is_stored() -> None:
    one, other = (histories(*order)[place] for order, place in ((([], hr(70, 80)), 1), ((hr(70, 80), hr(1)), 0)))
    assert digests([one]) == digests([other])
    moved = History(
        Events(one.events.times + 7 * HOUR, *_rest(one.events)), one.facts, one.rows, one.start, one.index + 7 * HOUR
    )
    assert digests([moved]) == digests([one])
    different: list[list[Row]] = [
        hr(70, 81),
        [(3.0, "LOINC//HR", 70.0, None), (1.0, "LOINC//HR", 80.0, None)],
        [(2.0, "LOINC//HR", 70.0, None), (1.0, "ICD10CM//I10", 80.0, None)],
        [(2.0, "LOINC//HR", 70.0, "x"), (1.0, "LOINC//HR", 80.0, None)],
        [(None, "LOINC//HR", 70.0, None), (1.0, "LOINC//HR", 80.0, None)],
        [],
    ]
    made = {digests(histories(case))[0] for case in [*different, hr(70, 80)]}
    assert len(made) == len(different) + 1


def _rest(events: Events) -> Any:
    return events.codes, events.numbers, events.texts, events.words, events.written


def test_the_commonest_codes_are_those_of_most_histories() -> None:
    cases = histories(hr(1, 2, 3, 4), [(1.0, "ICD10CM//I10", None, None)], [(1.0, "ICD10CM//I10", None, None)])
    assert commonest(cases) == ["ICD10CM//I10", "LOINC//HR"]


@pytest.mark.parametrize("name", [one.name for one in perturbations(drawn(40))])
def test_worse_records_keep_their_order_facts_and_originals(name: str) -> None:
    cases = drawn(40)
    before = [rows(one) for one in cases]
    worse = {one.name: one for one in perturbations(cases)}[name]
    made = worse.apply(cases, np.random.default_rng(0))
    again = worse.apply(cases, np.random.default_rng(0))
    assert [rows(one) for one in made] == [rows(one) for one in again]
    assert [rows(one) for one in cases] == before
    changed = 0
    for one, was in zip(made, cases, strict=True):
        assert (one.index, one.facts[1] - one.facts[0]) == (was.index, was.facts[1] - was.facts[0])
        assert (one.hours >= 0).all()
        if worse.family == "unit":
            old, new = was.events.numbers[was.positions()], one.events.numbers[one.positions()]
            ratio = (new / old)[np.isfinite(old)]
            assert set(np.round(ratio, 3)) <= {np.float32(0.1), np.float32(1.0), np.float32(10.0)}
            changed += int((ratio != 1).any())
        else:
            assert not set(rows(one)) - set(rows(was))
            changed += len(one) < len(was)
        if worse.family == "missing_column":
            assert worse.variable not in {code for time, code, *_ in rows(one) if time > 0}
    assert changed


def test_a_moment_goes_as_a_whole() -> None:
    pair: list[Row] = [(2.0, "LOINC//HR", 1.0, None), (2.0, "ICD10CM//I10", None, None)]
    sparser = next(one for one in perturbations(histories(pair)) if one.family == "sparser")
    made = sparser.apply(histories(*[pair] * 60), np.random.default_rng(0))
    assert {len(one) for one in made} == {0, 2}


def test_a_profile_tells_units_missing_codes_and_new_codes() -> None:
    many = histories(*[hr(60 + place, 80 + place) for place in range(2 * FEWEST)])
    profile = json.loads(json.dumps(profile_of(many)))
    assert compare_with(profile, many[:FEWEST]) == ()
    wrong = histories(*[hr(6000 + place) for place in range(10)])
    assert {one.kind for one in compare_with(profile, wrong)} == {"out_of_range", "unit"}
    pneumonia: list[Row] = [(1.0, "ICD10CM//J18", None, None)]
    other = histories(*[pneumonia] * 10)
    assert {one.kind for one in compare_with(profile, other)} == {"unknown_code", "missing"}


def test_a_profile_holds_nobodys_numbers() -> None:
    few = histories(*[hr(61.25)] * (FEWEST - 1))
    assert "61.25" not in json.dumps(profile_of(few))


def test_the_modality_is_whole() -> None:
    made = records()
    assert made.name == "records"
    assert made.profile is not None
    assert made.compare is not None
    assert made.perturbations is not None
