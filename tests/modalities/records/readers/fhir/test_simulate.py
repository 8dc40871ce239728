"""Invented bundles are valid, the same for the same seed, and read without a problem."""

import json
from pathlib import Path

from tests.modalities.records.readers.read import everything

from bedside.modalities.records.readers.fhir.reader import Fhir
from bedside.modalities.records.readers.fhir.simulate import RECURRING, simulate_fhir
from bedside.modalities.records.readers.fhir.validation import objection


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def test_the_same_seed_gives_the_same_bundles(tmp_path: Path) -> None:
    once, again, other = (simulate_fhir(tmp_path / name, 3, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert contents(once) == contents(again)
    assert contents(once) != contents(other)
    assert len(contents(once)) == 3


def test_every_resource_is_valid(tmp_path: Path) -> None:
    for content in contents(simulate_fhir(tmp_path, 2, 1)):
        for entry in json.loads(content)["entry"]:
            assert objection(entry["resource"]) is None


def test_all_of_it_becomes_events(tmp_path: Path) -> None:
    frame, problems = everything(Fhir(simulate_fhir(tmp_path, 8, 1)))
    assert not problems.counts
    codes = set(frame["code"])
    assert {f"SNOMED//{code}" for code, _, _ in RECURRING} <= codes
    assert {code.split("//")[0] for code in codes} >= {"SNOMED", "LOINC", "RXNORM", "ENCOUNTER_START", "ENCOUNTER_END"}
    assert frame["subject"].n_unique() == 8
