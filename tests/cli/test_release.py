"""`bedside release` and `bedside registry`: what is printed, and with which exit code."""

from pathlib import Path

import pytest
from tests.command import Bedside


def test_a_refused_release_tells_every_gate(beside: Bedside, tmp_path: Path) -> None:
    answer = beside("release", "run")
    assert answer.code == 6
    told = [line.split()[:2] for line in answer.out.splitlines()]
    assert ["refused", "plan_followed:"] in told
    assert ["passed", "leakage_audit:"] in told
    assert {name for _, name in told} == {
        f"{name}:"
        for name in (
            "not_simulated",
            "leakage_audit",
            "plan_followed",
            "lower_bound",
            "calibration",
            "not_inferior",
            "subgroup_equivalence",
        )
    }
    assert "bedside plan" in answer.out
    assert "may not be released" in answer.err
    assert not (tmp_path / "releases").exists()


def test_a_refused_release_is_json_for_scripts(beside: Bedside) -> None:
    answer = beside("release", "run", "--json")
    assert answer.code == 6
    assert answer.json["error"]["kind"] == "ReleaseRefused"
    assert "plan_followed" in answer.json["error"]["message"]


def test_real_data_are_no_demonstration(beside: Bedside) -> None:
    answer = beside("release", "run", "--demonstration")
    assert answer.code == 6
    assert "real data" in answer.err


def test_a_demonstration_from_run_to_withdrawal(beside: Bedside, tmp_path: Path) -> None:
    assert beside("run", "tiny", "--simulated", 90, "--out", "simulated", "--jobs", 1, "--json").code == 0
    refused = beside("release", "simulated")
    assert refused.code == 6
    assert "refused  not_simulated" in refused.out
    answer = beside("release", "simulated", "--demonstration", "--by", "A. Tester", "--why", "to see it")
    assert answer.code == 0, answer.err
    assert "never live" in answer.out
    assert (tmp_path / "releases" / "tiny" / "1" / "release.json").is_file()
    assert beside("registry", "live", "tiny", 1).code == 6
    assert "simulated data" in beside("registry", "approve", "tiny", 1).err
    assert beside("registry", "demonstrate", "tiny", 1).code == 0
    (row,) = beside("registry", "list", "--json").json
    assert (row["state"], row["demonstration"]) == ("demonstration", True)
    shown = beside("registry", "show", "tiny", 1)
    assert "Not a medical device" in shown.out
    assert "gate not_simulated: not passed" in shown.out
    assert "added by A. Tester: to see it" in shown.out
    assert beside("release", "simulated", "--demonstration", "--json").json["version"] == "2"
    assert beside("registry", "withdraw", "tiny", 1, "--why", "enough").code == 0
    assert "withdrawn" in beside("registry", "list").out
    again = beside("registry", "rollback", "tiny")
    assert again.code == 6
    assert "no version of tiny is live" in again.err


def test_an_empty_registry(bedside: Bedside) -> None:
    assert "No release is registered" in bedside("registry", "list").out
    assert bedside("registry", "list", "--json").json == []
    assert bedside("registry", "show", "tiny", 1).code == 6


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("no key", "is no private key")])
def test_a_key_that_is_none(beside: Bedside, tmp_path: Path, content: str | None, words: str) -> None:
    assert beside("run", "tiny", "--simulated", 90, "--out", "simulated", "--jobs", 1, "--json").code == 0
    if content is not None:
        (tmp_path / "key.pem").write_text(content)
    answer = beside("release", "simulated", "--demonstration", "--key", "key.pem", "--out", "signed")
    assert answer.code == 3
    assert words in answer.err
    assert not (tmp_path / "signed").exists()
