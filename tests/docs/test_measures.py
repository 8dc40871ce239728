"""Pages of reference list exactly what there is: measures, tables of evidence, statistics."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.kind import boxes
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.ordinal.kind import ordinal
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.evidence.schema import Evidence

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGE = REFERENCE / "measures.md"
PLUMBING = {"__init__", "checks", "estimate", "interval", "logistic", "pairs", "risk_sets", "times"}
"""Modules of bedside.stats that hold no statistic of their own."""

SQUARE = np.pad(np.ones((3, 3), dtype=np.uint8), 2)
CORNERS = np.array([[0, 0, 4, 4]], dtype=np.float32)
ENDPOINTS: list[tuple[Endpoint[Any, Any], list[Any], list[Any]]] = [
    (binary(positive="yes", negative="no"), [True, False], [0.8, 0.3]),
    (multiclass(classes=("a", "b")), [0, 1], [(0.8, 0.2), (0.3, 0.7)]),
    (ordinal(grades=("a", "b", "c")), [0, 1, 2], [(0.8, 0.1, 0.1), (0.3, 0.4, 0.3), (0.1, 0.2, 0.7)]),
    (multilabel(labels=("a", "b")), [(True, False), (False, True)], [(0.8, 0.2), (0.3, 0.7)]),
    (continuous(), [1.0, 2.0], [1.1, 1.8]),
    (mask(("a",), tolerance_mm=1.0, lesions=True), [Mask(SQUARE, (1.0, 1.0))] * 2, [Segmentation.drawn(SQUARE, 1)] * 2),
    (
        time_to_event(horizon=60, unit="months", steps=2, thresholds=(0.2,)),
        [Followed(50.0, 1), Followed(70.0, 0)],
        [np.array([[0.5, 0.8]]), np.array([[0.1, 0.2]])],
    ),
    (boxes(("a",)), [Boxes(CORNERS, np.array([0]))], [Found(CORNERS, np.array([0]), np.array([0.9], np.float32))]),
]


def rows(section: str) -> dict[str, str]:
    """Name to the text of its row."""
    text = PAGE.read_text("utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    return {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` .*$", text, re.MULTILINE)}


@pytest.mark.parametrize(("endpoint", "outcomes", "predictions"), ENDPOINTS, ids=lambda each: getattr(each, "name", ""))
def test_every_measure_is_explained(endpoint: Endpoint[Any, Any], outcomes: list[Any], predictions: list[Any]) -> None:
    listed = rows(endpoint.name.capitalize().replace("_", " "))
    measures = {each.name: each for each in endpoint.measures(Reference(outcomes, outcomes, predictions))}
    assert list(listed) == list(measures)
    for name, measure in measures.items():
        assert ("in folds" in listed[name]) == (not measure.pooled), name
        assert ("decision" in listed[name].rsplit("|", 2)[1]) == measure.operating, name
        better = {True: "higher", False: "lower", None: f"{measure.target or 0:g}"}[measure.higher_is_better]
        assert f"| {better} |" in listed[name], name
        cells = [cell.strip() for cell in listed[name].split("|")]
        assert (cells[4] != "bootstrap") == (measure.interval is not None), name
        assert (cells[5] == "none") == (measure.higher_is_better is None), name
        assert cells[5].startswith(("McNemar", "DeLong")) == (measure.contrast is not None), name
        assert ("no p value" in cells[5]) == (not measure.tested), name


def test_every_table_of_evidence_is_described() -> None:
    tables = set(re.findall(r"^\| `(\w+)` \|", (REFERENCE / "evidence.md").read_text("utf-8"), re.MULTILINE))
    texts = {"schema_version", "verdict", "doubts", "released"}
    assert tables == set(Evidence.model_fields) - texts


def test_every_module_of_statistics_is_cited() -> None:
    text = (REFERENCE / "statistics.md").read_text("utf-8")
    modules = {path.stem for path in (ROOT / "src" / "bedside" / "stats").glob("*.py")} - PLUMBING
    assert {name for name in modules if f"`{name}`" not in text} == set()
