"""Small FHIR exports, and what is read from them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from bedside.modalities.records.events.reader import Part, Problems, Reader
from bedside.modalities.records.events.schema import RAW
from bedside.modalities.records.readers.fhir.reader import Fhir

SUBJECT = {"reference": "Patient/p"}
WITHIN = {"reference": "Encounter/e"}
STAY = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "IMP"},
    "subject": SUBJECT,
    "period": {"start": "2020-03-01T08:00:00+01:00", "end": "2020-03-05T17:00:00+01:00"},
}
ANGINA = {"coding": [{"system": "http://snomed.info/sct", "code": "194828000", "display": "Angina"}]}


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    """One about patient p."""
    return {"resourceType": kind, "id": "r", "subject": SUBJECT, **fields}


def ndjson(folder: Path, resources: Sequence[Mapping[str, Any]], name: str = "") -> Path:
    """Write a bulk export: a file a type, or one file."""
    kinds: dict[str, list[str]] = {}
    for item in resources:
        kinds.setdefault(name or f"{item['resourceType']}.000.ndjson", []).append(json.dumps(item))
    for file, lines in kinds.items():
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def bundle(path: Path, resources: Sequence[Mapping[str, Any]], addresses: Sequence[str] = ()) -> Path:
    """Write a bundle, with the `fullUrl`s that are given."""
    entries: list[dict[str, Any]] = [{"resource": item} for item in resources]
    for entry, address in zip(entries, addresses, strict=False):
        entry["fullUrl"] = address
    text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    path.write_text(text, encoding="utf-8")
    return path


def taken(reader: Reader) -> tuple[pl.DataFrame, Problems]:
    """All events of a source, and what could not be read."""
    return taken_of(reader.parts())


def taken_of(parts: Sequence[Part]) -> tuple[pl.DataFrame, Problems]:
    """As above, of some parts; every frame has the schema that was agreed."""
    problems = Problems()
    frames = [frame for part in parts for frame in part.frames(problems)]
    for frame in frames:
        assert frame.schema == RAW
        assert frame["code"].null_count() == frame["subject"].null_count() == 0
    return pl.concat([RAW.to_frame(), *frames]), problems


def events(folder: Path, *resources: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Events of resources in a bulk export, without what is null, and counts of problems."""
    frame, problems = taken(Fhir(ndjson(folder, resources)))
    rows = [{key: value for key, value in row.items() if value is not None} for row in frame.iter_rows(named=True)]
    return rows, problems.counts


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
