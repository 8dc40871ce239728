"""The reader study of 827 ECGs: published figures come out, what cannot be judged is refused."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "reproductions"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    made = importlib.import_module("ecg_readers")
    monkeypatch.setattr(made, "REPLICATES", 1000)
    return made


def test_published_figures_are_reproduced(script: Any, public_data: Path, tmp_path: Path) -> None:
    result = script.reproduce(tmp_path, public_data)
    means = [line["ours"] for line in result["lines"] if line["measure"] == "mean_f1"]
    assert means == pytest.approx([0.9255, 0.8622, 0.8289, 0.8174], abs=5e-5)  # published: .926, .862, .829, .817
    assert [line["what"] for line in result["lines"] if line["outcome"] != "reproduced"] == []
    assert len(result["lines"]) == 4 + 24 + 1
    # Network minus cardiology residents: an independent bootstrap of these data gave +.064 [.012, .118].
    first = result["contrasts"][0]
    assert (first["value"], first["low"], first["high"]) == pytest.approx((0.064, 0.012, 0.118), abs=0.006)
    perfect = next(line for line in result["lines"] if (line["learner"], line["group"]) == ("dnn", "LBBB"))
    assert perfect["ours"] == 1.0
    assert perfect["low"] < 0.99
    evidence = json.loads((tmp_path / "AF/readers.json").read_text("utf-8"))
    assert all("incorporation" in row["reason"] for row in evidence["performance"] if row["judge"] == "cardiologist1")
    assert all("several people" in row["reason"] for row in evidence["multi_reader"])
    assert any("13 cases tell of sensitivity" in text for text in evidence["limits"])
    assert (tmp_path / "AF/readers.html").is_file()
