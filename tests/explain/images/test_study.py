"""Pictures in a run: drawn beside the evidence, hashed, shown in the report, and withheld where they must be."""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.explain.images.blobs import BINARY, CONTINUOUS, blobs, recipe

from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.split import Tuning
from bedside.data.validation import Holdout
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import FileProblem
from bedside.evidence.schema import Evidence
from bedside.explain.images.explainer import ImageExplainer
from bedside.explain.images.grad_cam import GRAD_CAM
from bedside.explain.images.gradients import ImageGradients
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.report.page import render, write_report
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.learner import Fit
from bedside.training.tuned import Tuned

Case = Sample[Readable, Any]


@dataclass(frozen=True)
class Blobs:
    """Made-up pictures, always the same."""

    dimensions: int = 2
    number: bool = False
    n: int = 150
    name: str = "blobs"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Case]:
        del root
        return iter(blobs(self.n, 4, self.dimensions, number=self.number))

    def simulate(self, n: int, *, seed: int) -> Iterator[Case]:
        return iter(blobs(n, seed, self.dimensions, number=self.number))


def draw(case: Case) -> list[Case | Excluded]:
    return [case]


@dataclass(frozen=True)
class Always:
    """The same for everyone."""

    value: float

    def predict(self, predictors: Sequence[Readable]) -> list[float]:
        return [self.value] * len(predictors)

    def save(self, folder: Path) -> None:
        (folder / "value.json").write_text(json.dumps(self.value), "utf-8")


@dataclass(frozen=True)
class Usual:
    """The mean outcome of development."""

    name: str = "usual"
    label: str = "The usual outcome"
    description: str = "The mean outcome of development for everyone."

    def fit(self, development: Sequence[Case], tuning: Tuning[Readable, Any], *, seed: int) -> Fit[Readable, float]:
        del seed
        model = Always(float(np.mean([sample.outcome for sample in development])))
        judged = [sample.predictors for sample in tuning.calibration]
        return Fit(model, model.predict(judged), {"trials": 1})

    def load(self, folder: Path) -> Always:
        return Always(float(json.loads((folder / "value.json").read_text("utf-8"))))


def study(dimensions: int = 2, *, number: bool = False, epochs: int = 4, **changes: Any) -> Study[Any, Any, Any, Any]:
    endpoint: Endpoint[Any, Any] = CONTINUOUS if number else BINARY
    declared: Study[Any, Any, Any, Any] = Study(
        name="blobs",
        question="Is the blob bright?",
        intended_use="Tests.",
        source=Blobs(dimensions, number=number, n=150 if dimensions == 2 else 100),
        cohort=Cohort(eligibility="everyone", outcome="bright or dark", horizon="now", draw=draw),
        modality=imaging(),
        endpoint=endpoint,
        model=Tuned(recipe(endpoint, dimensions, epochs), endpoint, trials=1),
        comparators=(Usual(),),
        validations=(Holdout(mode="held_out", development=0.5, tuning=0.25, test=0.25),),
        bootstrap=50,
        trials=1,
        explainers=(ImageExplainer(GRAD_CAM), ImageExplainer(ImageGradients(steps=8))),
    )
    return replace(declared, **changes)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_LEDGER", str(tmp_path / "ledger.jsonl"))


def finished(tmp_path: Path, **changes: Any) -> tuple[Evidence, Path]:
    folder = tmp_path / "run"
    return run(study(**changes), out=folder, jobs=1), folder


def test_pictures_are_written_hashed_shown_and_guarded(tmp_path: Path) -> None:
    evidence, folder = finished(tmp_path)
    examples = [row for row in evidence.pictures if row.kind == "example"]
    means = [row for row in evidence.pictures if row.kind == "mean"]
    assert {row.group for row in means} == {"dark", "bright"}
    assert {row.group.partition(",")[0] for row in examples} == {"dark", "bright"}
    assert {row.method for row in examples} == {"", "Grad-CAM", "integrated gradients"}
    for row in evidence.pictures:
        content = (folder / row.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == evidence.provenance.files[row.path]
        made = Pillow.open(io.BytesIO(content))
        assert (made.format, made.size) == ("PNG", (row.width, row.height))
        assert row.alt
    assert "secret" not in evidence.model_dump_json()
    assert "patient-4" not in evidence.model_dump_json()
    for row in examples:
        word = row.group.partition(",")[0]
        assert row.caption.startswith(f"Outcome: {word}. Predicted probability of {word}: ")
        assert (row.right is True) == row.group.endswith("recognised")
    page = write_report(folder).read_text("utf-8")
    assert page.count('<img src="data:image/png;base64,') == len(evidence.pictures)
    assert "may be used to look for what the model should not rely on" in page
    assert "FAILED a test and must not be read" in page
    apart = render(evidence)
    assert "<img" not in apart
    assert "The pictures lie beside the run" in apart
    path = folder / examples[0].path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FileProblem, match="is not the one that the run wrote"):
        write_report(folder)
    path.unlink()
    with pytest.raises(FileProblem, match="cannot be read"):
        write_report(folder)


def test_nothing_is_drawn_where_the_study_forbids_it(tmp_path: Path) -> None:
    evidence, folder = finished(tmp_path, show_cases=False, epochs=1)
    assert evidence.pictures == ()
    assert not (folder / "artefacts" / "pictures").exists()
    assert "Pictures of cases are not shown: the study does not allow it." in write_report(folder).read_text("utf-8")


def test_small_groups_are_neither_shown_nor_averaged(tmp_path: Path) -> None:
    evidence, folder = finished(tmp_path, smallest_cell=1_000, epochs=1)
    assert evidence.pictures
    assert all(row.reason and not row.path and not row.caption.startswith("Outcome") for row in evidence.pictures)
    assert list((folder / "artefacts" / "pictures").iterdir()) == []


def test_numbers_show_the_smallest_and_largest_errors(tmp_path: Path) -> None:
    evidence, _ = finished(tmp_path, number=True, epochs=1)
    examples = [row for row in evidence.pictures if row.kind == "example" and not row.method]
    assert [row.group for row in examples] == ["smallest errors"] * 3 + ["largest errors"] * 3
    assert all(row.right is None and " cd. Predicted: " in row.caption for row in examples)
    assert {row.group for row in evidence.pictures if row.kind == "mean"} == {"all cases"}


def test_volumes_are_shown_by_three_planes(tmp_path: Path) -> None:
    evidence, folder = finished(tmp_path, dimensions=3, epochs=1, explainers=(ImageExplainer(GRAD_CAM),))
    plain = next(row for row in evidence.pictures if not row.method)
    drawn = next(row for row in evidence.pictures if row.kind == "example" and row.method)
    assert plain.width == drawn.width > 2.9 * plain.height
    assert drawn.height == 2 * plain.height + 2
    assert write_report(folder).exists()
