"""The Charlson index: every condition by its codes, and what counts beside what."""

import numpy as np
import pytest

from bedside.comparators.scores.charlson import MILDER, PREFIXES, WEIGHTS, charlson, conditions, of_history
from bedside.modalities.records.history import HOUR, STATIC, Events, History

# One code of each condition and one close to it that is none.
CODES = (
    ("myocardial infarction", "I25.2", "I25.1"),
    ("congestive heart failure", "I42.5", "I42.1"),
    ("peripheral vascular disease", "I73.9", "I73.0"),
    ("cerebrovascular disease", "I63.9", "H34.1"),
    ("dementia", "F05.1", "F05.0"),
    ("chronic pulmonary disease", "J44.9", "J68.0"),
    ("rheumatic disease", "M35.3", "M35.2"),
    ("peptic ulcer disease", "K27.9", "K29.0"),
    ("mild liver disease", "K70.3", "K75.0"),
    ("diabetes without chronic complications", "E11.9", "E15"),
    ("diabetes with chronic complications", "E11.2", "E16.2"),
    ("hemiplegia or paraplegia", "G83.4", "G83.8"),
    ("renal disease", "N18.6", "N17.9"),
    ("malignancy", "C50.9", "C44.9"),
    ("moderate or severe liver disease", "K76.6", "K76.1"),
    ("metastatic solid tumour", "C78.0", "D37.0"),
    ("AIDS", "B20", "B23"),
)


@pytest.mark.parametrize(("name", "code", "near"), CODES)
def test_each_condition_by_its_codes(name: str, code: str, near: str) -> None:
    assert conditions({code}) == {name}
    assert conditions({code.replace(".", "").lower()}) == {name}
    assert charlson({code}) == WEIGHTS[name]
    assert conditions({near}) == frozenset()


def test_the_table_is_whole() -> None:
    assert [name for name, *_ in CODES] == list(WEIGHTS) == list(PREFIXES)
    assert sum(WEIGHTS.values()) == 33
    owners: dict[str, str] = {}
    for name, prefixes in PREFIXES.items():
        for prefix in prefixes:
            assert owners.setdefault(prefix, name) == name, prefix


@pytest.mark.parametrize(("worse", "mild"), MILDER.items())
def test_a_milder_condition_counts_nothing_beside_a_worse(worse: str, mild: str) -> None:
    codes = {PREFIXES[worse][0], PREFIXES[mild][0]}
    assert conditions(codes) == {worse}
    assert charlson(codes) == WEIGHTS[worse]


def test_conditions_are_counted_once_and_added() -> None:
    assert charlson({"I21.0", "I21.4", "N18.5", "J44.0"}) == 1 + 2 + 1
    assert charlson(set()) == 0


def test_a_history_is_read_whole_and_only_in_its_system() -> None:
    words = ("ICD10CM//E119", "ICD10CM//I509", "ICD9CM//I21", "plain")
    events = Events(
        np.array([STATIC, HOUR, 2 * HOUR, 3 * HOUR], dtype=np.int64),
        np.array([0, 1, 2, 3], dtype=np.int32),
        np.full(4, np.nan, dtype=np.float32),
        np.full(4, -1, dtype=np.int32),
        words,
        (),
    )
    assert of_history(History(events, (0, 1), (1, 4), 0, 9 * HOUR)) == 2.0
    assert of_history(History(events, (0, 0), (0, 0), 0, 9 * HOUR)) == 0.0
