"""Golden evidence: what the small run on each synthetic twin gave when it was last looked at.

A change of the numbers is a change of what the project claims; look at it, then rewrite the files with
`BEDSIDE_WRITE_GOLDEN=1 pytest src/bedside/applications`. Counts are compared exactly; values of bounded measures within
TOLERANCE, since processors and libraries round differently and a tiny network amplifies that.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bedside.evidence.schema import Evidence

FOLDER = Path(__file__).parent.parent / "golden"
TOLERANCE = 0.02


def check_golden(evidence: Evidence) -> None:
    """Compare with the golden file of the same study; fails when there is none."""
    path = FOLDER / f"{evidence.study.name}.json"
    found = extract(evidence)
    if os.environ.get("BEDSIDE_WRITE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    golden = json.loads(path.read_text("utf-8"))
    assert found["flow"] == golden["flow"]
    assert found["partitions"] == golden["partitions"]
    assert found["audit"] == golden["audit"]
    assert set(found["performance"]) == set(golden["performance"])
    for key, value in golden["performance"].items():
        if value is None:
            assert found["performance"][key] is None, key
        else:
            assert found["performance"][key] == pytest.approx(value, abs=TOLERANCE), key


def extract(evidence: Evidence) -> dict[str, Any]:
    """What a golden file holds: flow, partitions, audit, and the bounded measures of the judged cases."""
    bounded = {measure.name for measure in evidence.measures if measure.bounds == (0.0, 1.0)}
    return {
        "flow": [[step.kind, step.text, step.records, step.patients] for step in evidence.flow],
        "partitions": [
            [row.validation, row.split, row.partition, row.cases, row.patients] for row in evidence.partitions
        ],
        "audit": sorted({finding.kind for finding in evidence.audit}),
        "performance": {
            f"{row.validation}/{row.learner}/{row.measure}": row.value if row.value is None else round(row.value, 6)
            for row in evidence.performance
            if row.partition in ("test", "out_of_fold") and row.group == "all" and row.measure in bounded
        },
    }
