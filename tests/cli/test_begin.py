"""`--init`: a study's network begins from an earlier run, beside one from scratch, and the report shows both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.command import Bedside
from tests.study.tiny import small
from tests.training.small_images import PLAN, TRUNK, network, radiographs

from bedside.cli.begin import begun_from
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import Holdout, LearningCurve
from bedside.endpoints.binary.kind import binary
from bedside.errors import ModelError, StudyError
from bedside.evidence.schema import Evidence
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.networks.convolutional.resnet import ResNet
from bedside.report.page import read_evidence
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.thaw import Frozen
from bedside.training.tuned import Tuned

ENDPOINT = binary(positive="ill", negative="well")
Record = Sample[Readable, bool]


@dataclass(frozen=True)
class Radiographs:
    """Simulated radiographs that stand for real ones."""

    first: int = 0
    n: int = 200
    name: str = "radiographs"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:
        del root
        return iter(radiographs(self.n, first=self.first))

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        return iter(radiographs(n, first=seed))


def draw(record: Record) -> list[Record | Excluded]:
    return [record]


def learner(name: str, *, epochs: int = 10, trunk: ImageTrunk = TRUNK, **options: Any) -> Tuned[Readable, float]:
    loop = Loop(epochs=epochs, patience=epochs, batch=32, warm_up=5)
    recipe = network(loop=loop, name=name, label=name.capitalize(), trunk=trunk, **options)
    return Tuned(replace(recipe, endpoint=ENDPOINT), ENDPOINT, trials=1)


def study(**changes: Any) -> Study[Record, Readable, bool, float]:
    declared: Study[Record, Readable, bool, float] = Study(
        name="chests",
        question="Is the patient ill?",
        intended_use="Tests.",
        source=Radiographs(),
        cohort=Cohort(eligibility="everyone", outcome="ill or well", horizon="now", draw=draw),
        modality=replace(imaging(), perturbations=None),
        endpoint=ENDPOINT,
        model=learner("network"),
        comparators=(learner("short", epochs=1),),
        validations=(Holdout(inner=2),),
        bootstrap=50,
        trials=1,
    )
    return replace(declared, **changes)


TARGET = Radiographs(first=20_000, n=160)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        run(study(source=Radiographs(n=320)), out=folder / "run", jobs=1)
    return folder / "run"


@pytest.fixture(scope="module")
def transferred(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("transferred")
    declared = study(
        source=TARGET,
        model=learner("network", thaw=Frozen()),
        validations=(Holdout(inner=2), LearningCurve(shares=(0.3, 1.0), test=0.5, inner=2)),
    )
    begun = begun_from(declared, source)
    scratch = begun.comparators[-1]
    assert isinstance(scratch, Tuned)
    assert isinstance(scratch.recipe, Network)
    free = replace(scratch, recipe=replace(scratch.recipe, thaw=None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return run(replace(begun, comparators=(*begun.comparators[:-1], free)), out=folder / "run", jobs=1)


def test_the_report_shows_scratch_and_transferred_against_the_number_of_labels(transferred: Evidence) -> None:
    figure = next(one for one in transferred.figures if one.name == "learning_curve")
    series = {one.label: one for one in figure.series}
    begun, scratch = series["Network"], series["Network, from scratch"]
    assert begun.x == scratch.x
    assert all(low <= value <= high for one in (begun, scratch) for low, value, high in zip(one.low, one.y, one.high))  # noqa: B905
    assert begun.y[0] > scratch.y[0]
    assert "With 24 patients: Network 0." in figure.conclusion


def test_evidence_says_what_was_begun_from(transferred: Evidence) -> None:
    models = next(text for text in transferred.methods if text.startswith("Models."))
    assert "Its encoder began from that of network in an earlier run of chests" in models
    assert "only the head was trained" in models
    row = next(row for row in transferred.tuning if row.learner == "network")
    assert str(row.notes["start_sha256"]) in models
    assert row.notes["start_tensors_new"] == 0
    found = [one for one in transferred.audit if one.kind == "begun_elsewhere"]
    assert {(one.severity, one.count) for one in found} == {("info", 0)}
    assert len(found) == 2


def test_judged_cases_that_the_earlier_run_learned_from_are_counted(
    source: Path, beside: Bedside, tmp_path: Path
) -> None:
    answer = beside("run", "tests.cli.test_begin", "--init", source, "--jobs", 1)
    assert answer.code == 0, answer.err
    evidence = read_evidence(tmp_path / "runs" / "chests-from-run")
    (found,) = (one for one in evidence.audit if one.kind == "begun_elsewhere")
    assert found.severity == "serious"
    assert int(found.count) > 5
    assert found.text in (tmp_path / "runs" / "chests-from-run" / "report.html").read_text("utf-8")
    assert [one.name for one in evidence.study.learners] == ["network", "short", "network_from_scratch"]
    (weights,) = evidence.provenance.weights
    assert (weights.learner, weights.origin) == ("network", "network in an earlier run of chests")
    assert weights.sha256 in (tmp_path / "runs" / "chests-from-run" / "report.html").read_text("utf-8")
    assert not read_evidence(source).provenance.weights

    new = radiographs(3, first=90_000)
    (tmp_path / "new").mkdir()
    for number, sample in enumerate(new):
        Pillow.fromarray(sample.predictors.read().pixels[0].astype(np.uint8)).save(tmp_path / "new" / f"{number}.png")
    told = {}
    for name in ("network", "network_from_scratch", "short"):
        answer = beside("predict", tmp_path / "runs" / "chests-from-run", tmp_path / "new", "--learner", name, "--json")
        assert answer.code == 0, answer.err
        told[name] = tuple(json.loads(answer.out)["predictions"]["probability"])
        assert len(told[name]) == 3
    assert len(set(told.values())) == 3
    answer = beside("predict", tmp_path / "runs" / "chests-from-run", tmp_path / "new", "--learner", "nobody")
    assert answer.code != 0
    assert "no learner 'nobody'" in answer.err


def test_the_declared_study_stays_and_gains_its_model_from_scratch(source: Path) -> None:
    declared = study()
    begun = begun_from(declared, source)
    assert [one.name for one in begun.learners] == ["network", "short", "network_from_scratch"]
    assert begun.comparators[-1].description == declared.model.description
    assert begun.primary_comparator == "short"


def test_another_architecture_is_an_error(source: Path, tmp_path: Path) -> None:
    wider = ImageTrunk(PLAN, ResNet(blocks=(1, 1), width=0.25))
    begun = begun_from(study(model=learner("network", epochs=1, trunk=wider)), source)
    with pytest.raises(ModelError, match=r"earlier run of chests does not fit the network: .*received .*allowed"):
        run(begun, out=tmp_path / "run", jobs=1)


def test_a_model_that_is_no_network_is_refused(source: Path) -> None:
    with pytest.raises(StudyError, match="the model on trial in tiny is Both; leave --init out"):
        begun_from(small(), source)


def test_the_command_says_what_cannot_be_begun(beside: Bedside, tmp_path: Path) -> None:
    answer = beside("run", "tiny", "--init", "nowhere")
    assert answer.code == StudyError.exit_code
    assert "--init begins a network from an earlier run" in answer.err
    assert not (tmp_path / "runs").exists()
