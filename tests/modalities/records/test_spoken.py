"""What codes are called: the source's words, one name each, wherever a predictor is named."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.records.stays import Row, histories

from bedside.explain.records.method import by_code, code_names
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import variables
from bedside.modalities.records.perturb import perturbations
from bedside.modalities.records.spoken import called, spoken

WORDS = ["ICD10CM//I10", "LOINC//HR", "PN2012//HR", "SEX//F", "MEDS_DEATH", "OWN"]


@given(st.dictionaries(st.sampled_from(WORDS), st.sampled_from(["", " ", "pulse", "sex: F", "LOINC//HR"])))
def test_no_two_codes_have_one_name(described: dict[str, str]) -> None:
    names = spoken(WORDS, described)
    assert list(names) == WORDS
    assert len(set(names.values())) == len(WORDS)
    assert all(name.strip() for name in names.values())


def test_a_shared_description_is_followed_by_the_code() -> None:
    names = spoken(WORDS, {"LOINC//HR": "heart rate", "PN2012//HR": "heart rate", "ICD10CM//I10": "hypertension"})
    assert names == {
        "ICD10CM//I10": "hypertension",
        "LOINC//HR": "heart rate (LOINC HR)",
        "PN2012//HR": "heart rate (PN2012 HR)",
        "SEX//F": "sex: F",
        "MEDS_DEATH": "death",
        "OWN": "OWN",
    }


def test_columns_explanations_and_worse_records_say_the_same_name() -> None:
    rows: list[Row] = [(None, "SEX//F", None, None), (2.0, "LOINC//HR", 70.0, None), (1.0, "ICD10CM//I10", None, None)]
    case = _named(histories(rows)[0], lambda words: spoken(words, {"LOINC//HR": "heart rate"}))
    assert code_names(case) == ["sex: F", "heart rate", "ICD10CM//I10"]
    assert by_code([case], [np.ones(3)])[0] == ["ICD10CM//I10", "heart rate", "sex: F"]
    told = {one.name: one.of for one in variables([case])}
    assert told["heart rate, last"] == "heart rate"
    assert "sex" in told
    without = {one.variable: one for one in perturbations([case]) if one.family == "missing_column"}
    assert set(without) == {"heart rate", "ICD10CM//I10"}
    (made,) = without["heart rate"].apply([case], np.random.default_rng(0))
    assert code_names(made) == ["sex: F", "ICD10CM//I10"], "worse records keep their names"
    assert called([case, *histories(rows)])["LOINC//HR"] == "heart rate", "the first table decides"


def test_how_long_anything_was_recorded_has_a_unit_that_suits() -> None:
    for hours, unit, value in ((48.0, "h", 48.0), (720.0, "d", 30.0), (175_320.0, "a", 20.0)):
        (observed,) = (
            one for one in variables(histories([(hours, "LOINC//HR", 70.0, None)])) if one.name == "time observed"
        )
        assert observed.unit == unit
        assert observed.numbers is not None
        assert observed.numbers.tolist() == [value]


def _named(history: History, names: Callable[[tuple[str, ...]], dict[str, str]]) -> History:
    return replace(history, events=replace(history.events, names=names(history.events.words)))
