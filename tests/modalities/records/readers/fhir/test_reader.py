"""Exports as files: folders, ranges, compression, bundles, and everything that may be broken in them."""

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.modalities.records.readers.fhir.exports import ANGINA, STAY, bundle, events, ndjson, resource, taken

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.readers.fhir import READER
from bedside.modalities.records.readers.fhir.reader import Fhir

WRITTEN = "Winnetou"


def conditions(count: int) -> list[dict[str, Any]]:
    return [resource("Condition", id=f"c{i}", code=ANGINA, recordedDate=f"{1900 + i}") for i in range(count)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 12), size=st.integers(40, 900), padding=st.integers(0, 80), end=st.booleans())
def test_ranges_of_bytes_hold_every_line_once(tmp_path: Path, count: int, size: int, padding: int, end: bool) -> None:
    lines = [json.dumps({**item, "note": "x" * (padding * i % 97)}) for i, item in enumerate(conditions(count))]
    (tmp_path / "Condition.000.ndjson").write_text("\n".join(lines) + "\n" * end, encoding="utf-8")
    whole, _ = taken(Fhir(tmp_path))
    pieces, problems = taken(Fhir(tmp_path, part_bytes=size))
    assert whole.height == count
    assert pieces.equals(whole)
    assert problems.counts == {}


def test_large_files_are_cut_and_parts_can_be_sent_to_processes(tmp_path: Path) -> None:
    reader = Fhir(ndjson(tmp_path, [STAY, *conditions(40)]), part_bytes=1000)
    parts = reader.parts()
    names = [part.name for part in parts]
    assert len(set(names)) == len(names) > 4
    assert "Condition.000.ndjson (1 of " in names[0]
    again, _ = taken(pickle.loads(pickle.dumps(reader)))  # noqa: S301 - our own, within a cluster
    assert again.equals(taken(reader)[0])


def test_truncated_lines_are_told_by_file_and_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [json.dumps(item) for item in conditions(5)]
    lines[1:1] = ["", '{"resourceType": "Condition", "code": {"text": "' + WRITTEN]
    lines[4:4] = [f'["{WRITTEN}"]', '{"id": "1"}']
    (tmp_path / "Condition.ndjson").write_text("\n".join(lines) + "\n" + lines[0][:-9], encoding="utf-8")
    (tmp_path / "Procedure.ndjson").write_bytes(b'{"resourceType":"Procedure","note":"\xff\xfe"}\n' + b"[" * 100_000)
    for size in (128 << 20, 300):
        frame, problems = taken(Fhir(tmp_path, part_bytes=size))
        assert frame.height == 5
        assert problems.counts == {"line that is truncated or no JSON": 4, "line that holds no FHIR resource": 2}
        told = problems.examples["line that is truncated or no JSON"]
        assert told == [
            "Condition.ndjson line 3",
            "Condition.ndjson line 10",
            "Procedure.ndjson line 1",
            "Procedure.ndjson line 2",
        ]
        assert WRITTEN not in str(problems)


def test_compressed_files_are_read_as_plain_ones(tmp_path: Path) -> None:
    for name, items in (
        ("Encounter", [STAY]),
        ("Condition", [resource("Condition", code=ANGINA, encounter={"reference": "Encounter/e"})]),
    ):
        with gzip.open(tmp_path / f"{name}.ndjson.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(item) + "\n" for item in items)
    frame, problems = taken(Fhir(tmp_path))
    assert sorted(frame["code"]) == ["ENCOUNTER_END//UNKNOWN", "ENCOUNTER_START//IMP", "SNOMED//194828000"]
    assert frame["time"].n_unique() == 2
    assert problems.counts == {"Condition: no recordedDate; stands at the end of its encounter": 1}


@pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"\x1f\x8b\x08\x00truncated"])
def test_files_of_another_encoding_are_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    name = "Patient.ndjson.gz" if content[:1] == b"\x1f" else "Patient.ndjson"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordsProblem, match=f"{name} is .*again"):
        taken(Fhir(tmp_path))


def test_files_of_several_types_are_read_line_by_line(tmp_path: Path) -> None:
    claim = {"resourceType": "Claim", "patient": {"reference": "Patient/p"}}
    within = resource("Condition", code=ANGINA, encounter={"reference": "Encounter/e"})
    frame, problems = taken(Fhir(ndjson(tmp_path, [claim, within, STAY], name="everything.ndjson")))
    assert frame.height == 3
    assert frame["time"].null_count() == 0
    assert problems.counts["Claim: left out"] == 1


def test_what_becomes_no_event_is_counted_by_type(tmp_path: Path) -> None:
    others = [{"resourceType": kind} for kind in ("Claim", "Claim", "ExplanationOfBenefit", "DocumentReference")]
    found, problems = events(tmp_path, *others, {"resourceType": "Medication"}, {"resourceType": f"{WRITTEN} 1950"})
    assert found == []
    assert problems == {
        "Claim: left out": 2,
        "ExplanationOfBenefit: left out": 1,
        "DocumentReference: left out": 1,
        "resource of no known type: left out": 1,
    }


@pytest.mark.parametrize(
    "broken",
    [
        {"code": "not an object"},
        {"code": {"coding": "no list"}},
        {"code": {"coding": [{"code": 5}]}},
        {"valueQuantity": {"value": WRITTEN}},
        {"valueQuantity": {"value": True}},
        {"valueQuantity": {"value": 10**400}},
        {"valueQuantity": {"value": 1, "comparator": 5}},
        {"valueString": "\ud800"},
        {"subject": [WRITTEN]},
        {"subject": {"reference": 5}},
        {"component": [{"code": ANGINA, "valueInteger": 1}, 5]},
    ],
)
def test_an_invalid_resource_is_told_by_type_and_hash_and_leaves_nothing(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    made = {"status": "final", "code": ANGINA, **broken}
    frame, problems = taken(Fhir(ndjson(tmp_path, [resource("Observation", **made), *conditions(1)])))
    assert frame.height == 1
    assert problems.counts == {"Observation: not built as FHIR says, left out": 1}
    ((told,),) = problems.examples.values()
    assert told.startswith("sha256 ")
    assert WRITTEN not in str(problems)


def test_validation_holds_each_resource_to_the_specification(tmp_path: Path) -> None:
    good = resource("Condition", code=ANGINA, recordedDate="2020-01-01")
    wrong = {**good, "verificationStatus": WRITTEN}
    extra = {**good, "surprise": WRITTEN}
    ndjson(tmp_path, [good, wrong, extra])
    frame, problems = taken(Fhir(tmp_path, validate=True))
    assert frame.height == 1
    assert sum(problems.counts.values()) == 2
    assert all(what.startswith("Condition: not valid as FHIR R4B (") for what in problems.counts)
    assert any("verificationStatus" in what for what in problems.counts)
    assert WRITTEN not in str(problems)
    assert taken(Fhir(tmp_path))[0].height == 2


def test_what_is_remembered_of_other_files_is_of_these_files(tmp_path: Path) -> None:
    within = resource("Condition", code=ANGINA, encounter={"reference": "Encounter/e"})
    ends = []
    for day in ("2020-03-04", "2020-03-05"):
        frame, _ = taken(Fhir(ndjson(tmp_path, [within, {**STAY, "period": {"end": day}}])))
        ends.append(frame.filter(pl.col("code") == "SNOMED//194828000")["time"].item().date().isoformat())
    assert ends == ["2020-03-04", "2020-03-05"]


def test_bundles_resolve_their_own_references(tmp_path: Path) -> None:
    person = {"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"}
    newborn = {"resourceType": "Patient", "birthDate": "2020-01-01"}
    stay = {**STAY, "subject": {"reference": "urn:uuid:aa"}}
    within = {"code": ANGINA, "encounter": {"reference": "urn:uuid:bb"}, "subject": {"reference": "urn:uuid:aa"}}
    sick = {"resourceType": "Condition", **within}
    inner = {"resourceType": "Bundle", "entry": [{"resource": sick}, {"request": {"method": "DELETE"}}]}
    path = bundle(
        tmp_path / f"{WRITTEN}.json",
        [sick, stay, person, newborn, inner],
        ["", "urn:uuid:bb", "urn:uuid:aa", "urn:uuid:cc"],
    )
    for place in (path, tmp_path):
        frame, problems = taken(Fhir(place))
        assert set(frame["subject"]) == {"p", "cc"}
        found = frame.filter(pl.col("code") == "SNOMED//194828000")
        assert found["encounter"].to_list() == ["e", "e"]
        assert found["time"].null_count() == 0
        assert problems.counts["Bundle: entry without a resource"] == 1
        assert WRITTEN not in str(problems)
        assert [part.name for part in Fhir(place).parts()] == ["bundles 1 to 1"]


def test_broken_bundles_are_told_by_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / f"a {WRITTEN}.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    (tmp_path / f"b {WRITTEN}.json").write_text('{"transactionTime": "2020"}', encoding="utf-8")
    (tmp_path / f"c {WRITTEN}.json").write_text('{"resourceType": "Bundle", "entry": 5}', encoding="utf-8")
    (tmp_path / f"d {WRITTEN}.json.gz").write_bytes(b"\x1f\x8b\x08\x00")
    (tmp_path / "e.json").write_text(
        json.dumps({"resourceType": "Patient", "id": "p", "gender": "male"}), encoding="utf-8"
    )
    reader = Fhir(tmp_path, part_bytes=60)
    frame, problems = taken(reader)
    assert frame["code"].to_list() == ["SEX//M"]
    assert problems.examples["bundle that is truncated or no JSON"] == ["bundle 1 in the order of file names"]
    assert sum(problems.counts.values()) == 5
    assert WRITTEN not in str(problems)
    assert len(reader.parts()) > 1


def test_clocks_of_several_zones_are_said(tmp_path: Path) -> None:
    times = ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00+01:00")
    _, problems = events(tmp_path, *(resource("Condition", code=ANGINA, recordedDate=text) for text in times))
    assert problems == {"times in UTC stand beside times of other zones; each is kept as its clock is written": 1}


def test_codes_are_described_in_the_words_of_the_source(tmp_path: Path) -> None:
    ndjson(tmp_path, [STAY, *conditions(3)])
    bundle(tmp_path / "one.json", [resource("AllergyIntolerance", code=ANGINA)])
    words = Fhir(tmp_path).descriptions()
    assert words == {"SNOMED//194828000": "Angina", "ALLERGY//SNOMED//194828000": "Angina"}


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        READER.open(tmp_path / "nowhere")
    (tmp_path / "log.ndjson").write_text("{}", encoding="utf-8")
    (tmp_path / "patients.csv").write_text("a", encoding="utf-8")
    with pytest.raises(RecordsProblem, match="holds no FHIR export: expected are files named"):
        READER.open(tmp_path)


def test_long_files_come_in_several_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bedside.modalities.records.readers.fhir.rows.FRAME", 4)
    from bedside.modalities.records.events.reader import Problems

    (part,) = Fhir(ndjson(tmp_path, conditions(10))).parts()
    assert [frame.height for frame in part.frames(Problems())] == [4, 4, 2]


@pytest.mark.parametrize(
    ("folder", "patients", "rows", "codes"),
    [("fhir_bulk", 13, 7013, {"RXNORM": 1745, "CVX": 161}), ("synthea_bundles", 19, 4794, {"LOINC": 2615, "CVX": 257})],
)
def test_public_exports_are_read_whole(
    public_data: Path, folder: str, patients: int, rows: int, codes: dict[str, int]
) -> None:
    if not (public_data / folder).is_dir():
        pytest.skip(f"{folder} is not in BEDSIDE_DATA")
    frame, problems = taken(Fhir(public_data / folder))
    assert (frame["subject"].n_unique(), frame.height) == (patients, rows)
    systems = frame["code"].str.split("//").list.first()
    assert {name: int((systems == name).sum()) for name in codes} == codes
    assert frame.filter(pl.col("time").is_null() & ~pl.col("static")).is_empty()
    assert all(what.endswith(": left out") for what in problems.counts)
    pieces, _ = taken(Fhir(public_data / folder, part_bytes=1_000_000))
    assert pieces.sort(pl.all()).equals(frame.sort(pl.all()))
    started = frame.filter(pl.col("code").str.starts_with("ENCOUNTER_START"))
    assert started.height == frame.filter(pl.col("code").str.starts_with("ENCOUNTER_END")).height
    assert set(started["subject"]) <= set(frame.filter(pl.col("code") == "MEDS_BIRTH")["subject"])
