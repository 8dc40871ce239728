"""`bedside triage`: the worklist of a finished run."""

from pathlib import Path

import pytest
from tests.command import Bedside

QUICK = ("--days", 2, "--periods", 40)


def test_the_model_moves_positives_forward(beside: Bedside) -> None:
    answer = beside("triage", "run", *QUICK, "--json")
    assert answer.code == 0
    found = answer.json
    assert (found["learner"], found["validation"], found["cases"]) == ("elastic_net", "cross_validation", 90)
    minutes = found["minutes"]
    first, ordered, saved = (minutes[name]["value"] for name in ("positives_first_come", "positives_ordered", "saved"))
    assert saved == pytest.approx(first - ordered)
    assert saved > 0
    assert minutes["saved"]["low"] < saved < minutes["saved"]["high"]
    assert minutes["negatives_added"]["value"] > 0
    assert minutes["load"] == pytest.approx(0.8)
    assert any("scored by 3 models" in note for note in found["notes"])


def test_the_same_seed_gives_the_same_worklists(beside: Bedside) -> None:
    ask = ("triage", "run", *QUICK, "--json", "--seed")
    assert beside(*ask, 1).out == beside(*ask, 1).out
    assert beside(*ask, 1).out != beside(*ask, 2).out


def test_more_readers_leave_less_to_save(beside: Bedside) -> None:
    one, three = (beside("triage", "run", *QUICK, "--json", "--readers", n).json["minutes"] for n in (1, 3))
    assert three["positives_first_come"]["value"] < one["positives_first_come"]["value"] / 3
    assert three["saved"]["value"] < one["saved"]["value"]


def test_reading_alone_stops_at_the_operating_points_or_where_it_is_told(beside: Bedside) -> None:
    own = beside("triage", "run", *QUICK, "--json").json["alone"]
    assert own["threshold"] is None
    assert 0 < own["dismissed"]["value"] < 1
    nobody = beside("triage", "run", *QUICK, "--json", "--threshold", 0).json["alone"]
    assert (nobody["dismissed"]["value"], nobody["safe"], nobody["hours_saved"]) == (0, None, 0)
    assert nobody["dismissed"]["high"] > 0
    everybody = beside("triage", "run", *QUICK, "--json", "--threshold", 1, "--minutes", 6).json["alone"]
    assert everybody["missed"]["value"] == 1
    assert everybody["hours_saved"] == pytest.approx(10)


def test_a_person_is_told_in_words(beside: Bedside) -> None:
    answer = beside("triage", "run", *QUICK, "--threshold", 0.2, "--learner", "single_age", "--prevalence", 0.1)
    assert answer.code == 0
    assert "positives (died) wait" in answer.out
    assert "10.0% positive" in answer.out
    assert "Reading alone below 0.2, the model dismisses" in answer.out
    assert "reader hours per 100 cases" in answer.out
    assert "before looking at these cases" in answer.err


def test_an_overloaded_room_is_named(beside: Bedside) -> None:
    assert "grows without end" in beside("triage", "run", *QUICK, "--minutes", 12).err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nowhere",), 3, "does not exist"),
        (("run", "--learner", "oracle"), 2, "no learner 'oracle'"),
        (("run", "--validation", "holdout"), 2, "no validation 'holdout'"),
        (("run", "--readers", "0"), 2, "readers"),
        (("run", "--prevalence", "1"), 2, "prevalence"),
    ],
)
def test_what_cannot_be_done_is_said(beside: Bedside, arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = beside("triage", *arguments)
    assert answer.code == code
    assert words in answer.err


def test_only_binary_endpoints_have_positives(beside: Bedside, tmp_path: Path) -> None:
    text = (tmp_path / "tiny.py").read_text()
    text = text.replace("binary.kind import binary", "continuous.kind import continuous")
    text = text.replace('binary(positive="died", negative="survived")', "continuous()").replace(
        'record["died"] == "yes"', 'float(record["lactate"] or 0)'
    )
    (tmp_path / "number.py").write_text(text)
    assert beside("run", "number", "--out", "other", "--jobs", 1).code == 0
    answer = beside("triage", "other")
    assert answer.code == 4
    assert "predicts an outcome that is continuous; a worklist needs a binary one" in answer.err
