"""Summaries of the observation window, against sums done by hand."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.stays import Row, drawn, histories

from bedside.modalities.records.summaries import OF_NUMBERS, Summaries


def test_each_column_is_what_its_name_says() -> None:
    first: list[Row] = [
        (None, "SEX//F", None, None),
        (30.0, "LOINC//HR", 60.0, None),
        (24.0, "ICD10CM//I10", None, None),
        (6.0, "LOINC//HR", 90.0, None),
        (5.0, "LOINC//HR", 75.0, None),
    ]
    second: list[Row] = [(1.0, "ICD10CM//I10", None, None), (0.5, "ICD10CM//I10", None, None)]
    cases = histories(first, second, [])
    made = Summaries.fit(cases, least=1).table(cases)
    row = made.row(0, named=True)
    assert [row[f"LOINC//HR {what}"] for what in OF_NUMBERS[:6]] == [3, 60, 75, 60, 90, 75]
    days, values = -np.array([30, 6, 5]) / 24, np.array([60, 90, 75])
    apart = days - days.mean()
    np.testing.assert_allclose(row["LOINC//HR slope"], (apart * values).sum() / ((apart**2).sum() + 1 / 576), rtol=1e-6)
    assert made["SEX//F"].to_list() == [1, 0, 0]
    assert made["ICD10CM//I10 count"].to_list() == [1, 2, 0]
    assert made["LOINC//HR count"].to_list() == [3, 0, 0]
    assert made["LOINC//HR last"].to_list() == [75, None, None]


def test_rare_codes_are_summed_up_with_their_system() -> None:
    rare: list[Row] = [(1.0, "ICD10CM//I10", None, None)]
    other: list[Row] = [(1.0, "ICD10CM//J18", None, None)]
    assert Summaries.fit(histories(rare, other), least=2).names == ("ICD10CM//* count",)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_row_does_not_depend_on_company_and_survives_storage(seed: int) -> None:
    cases = drawn(8, seed=seed)
    summaries = Summaries.fit(cases, least=1)
    whole = summaries.table(cases)
    again = Summaries.from_state(json.loads(json.dumps(summaries.state())))
    assert again == summaries
    for place in range(8):
        assert again.table([cases[place]]).row(0) == whole.row(place)


def test_nothing_recorded_is_a_row_of_nothing() -> None:
    summaries = Summaries.fit(drawn(9), least=1)
    row = summaries.table(histories([])).row(0)
    assert all(value in (0, None) for value in row)
