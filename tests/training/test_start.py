"""A network begins where it was told to, says so, and with few labels is the better for it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import roc_auc_score
from tests.training.cohorts import cohort
from tests.training.small_images import BINARY, PLAN, fit, network, radiographs
from tests.training.test_conformance import network as tabular

from bedside.comparators.elastic_net import ElasticNet
from bedside.data.split import Tuning
from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.networks.convolutional.resnet import ResNet
from bedside.training.elsewhere import EarlierFit, HasSeen
from bedside.training.network import Network
from bedside.training.start import FromFile, FromFit
from bedside.training.thaw import Frozen
from bedside.training.tuned import Tuned

FEW, MANY = radiographs(24, first=5000), radiographs(240)
SELECTION, JUDGED = radiographs(40, first=6000), radiographs(200, first=10_000)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> EarlierFit:
    """A network that learned from many."""
    folder = tmp_path_factory.mktemp("source")
    learner = Tuned(network(epochs=14), BINARY, trials=1)
    tuning = Tuning(selection=SELECTION[:20], calibration=SELECTION[20:])
    learner.fit(MANY, tuning, seed=1).fitted.save(folder)
    return EarlierFit(folder, "chests", "network", "holdout", frozenset({b"1" * 32}))


def auroc(recipe: Network[Any, Any], seed: int = 1) -> float:
    fitted, _ = recipe.fit(recipe.defaults, FEW, SELECTION, seed=seed)
    told = fitted.predict([one.predictors for one in JUDGED])
    return float(roc_auc_score([one.outcome for one in JUDGED], told))


def test_few_labels_suffice_where_an_earlier_run_had_many(source: EarlierFit) -> None:
    scratch = auroc(network(epochs=10))
    transferred = auroc(network(epochs=10, start=FromFit(source), thaw=Frozen()))
    assert transferred > 0.7
    assert transferred > scratch + 0.05


def test_the_encoder_is_that_of_the_earlier_run(source: EarlierFit) -> None:
    fitted, record = fit(network(epochs=1, start=FromFit(source), thaw=Frozen()))
    stored = load_file(source.folder / "member-0" / "weights.safetensors")
    held = {name: value for name, value in fitted.model.state_dict().items() if name.startswith("encoder.")}
    assert held
    assert all(torch.equal(value, stored[name]) for name, value in held.items())
    assert record["start"] == "earlier run"
    assert record["start_share_taken"] == 1.0
    assert str(record["start_sha256"]) in network(start=FromFit(source)).description


def test_settings_of_the_encoder_are_those_of_the_earlier_run(source: EarlierFit) -> None:
    recipe = network(start=FromFit(source))
    assert recipe._space["width"].low == recipe._space["width"].high == 1.0
    assert recipe._space["learning_rate"].low < recipe._space["learning_rate"].high


def test_tuned_tells_what_was_seen_and_keeps_what_was_done(source: EarlierFit) -> None:
    learner = Tuned(network(epochs=1, start=FromFit(source)), BINARY, trials=2)
    assert isinstance(learner, HasSeen)
    assert learner.elsewhere is not None
    assert learner.elsewhere.contents == source.contents
    assert Tuned(network(), BINARY).elsewhere is None
    tuning = Tuning(selection=SELECTION[:20], calibration=SELECTION[20:])
    record = learner.fit(FEW, tuning, seed=1).record
    notes = record["notes"]
    assert isinstance(notes, dict)
    assert notes["start_share_taken"] == 1.0
    assert notes["start"] == "earlier run"


def test_another_architecture_is_refused_with_what_differs(source: EarlierFit) -> None:
    wider = network(trunk=ImageTrunk(PLAN, ResNet(blocks=(1, 1), width=0.25)), start=FromFit(source))
    with pytest.raises(
        ModelError, match=r"earlier run of chests does not fit.*received \(8, .*allowed \(16, .*Declare the arch"
    ):
        fit(wider)
    other = network(trunk=ImageTrunk(PLAN, ResNet(blocks=(1, 1), width=0.125, norm="group")), start=FromFit(source))
    with pytest.raises(ModelError, match="does not fit the network"):
        fit(other)
    deeper = network(trunk=ImageTrunk(PLAN, ResNet(blocks=(1, 2), width=0.125)), start=FromFit(source))
    with pytest.raises(ModelError, match="parameters are not in it"):
        fit(deeper)


def test_an_altered_fit_is_refused(source: EarlierFit, tmp_path: Path) -> None:
    for path in source.folder.rglob("*"):
        if path.is_file():
            (tmp_path / path.relative_to(source.folder)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.relative_to(source.folder)).write_bytes(path.read_bytes())
    begun = FromFit(EarlierFit(tmp_path, "chests", "network", "holdout", None))
    weights = tmp_path / "member-0" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="damaged"):
        fit(network(start=begun))


def test_a_fit_that_is_no_network_is_refused(tmp_path: Path) -> None:
    rows = cohort("binary", 60)
    learner = Tuned(ElasticNet(rows.endpoint, tabular(rows.endpoint).trunk.schema), rows.endpoint, trials=1)  # type: ignore[attr-defined]
    tuning = Tuning(selection=rows.samples[40:50], calibration=rows.samples[50:])
    learner.fit(rows.samples[:40], tuning, seed=1).fitted.save(tmp_path)
    with pytest.raises(ModelError, match="is no network, and only the encoder"):
        FromFit(EarlierFit(tmp_path, "rows", "elastic_net", "holdout", None))


def test_weights_of_a_file_are_taken_under_the_key_map(source: EarlierFit, tmp_path: Path) -> None:
    stored = load_file(source.folder / "member-0" / "weights.safetensors")
    path = tmp_path / "published.safetensors"
    save_file({f"net.{name}": value for name, value in stored.items()}, path)
    begun = FromFile(path, keys={"net.encoder.": ""}, learned_from="radiographs")
    assert begun.elsewhere.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    _, record = fit(network(start=begun))
    assert record["start"] == "file"
    assert record["start_tensors_unused"] == sum(name.startswith("head.") for name in stored)
    assert "learned from radiographs" in network(start=begun).description
    assert begun.elsewhere.contents is None
    with pytest.raises(ModelError, match="fit no tensor"):
        fit(network(start=FromFile(path, keys={"model.": ""})))


def test_a_file_that_cannot_be_used_is_refused_when_declared(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="pickled"):
        FromFile(tmp_path / "weights.pth")
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match="least=0"):
        FromFile(tmp_path / "a.safetensors", least=0.0)
    with pytest.raises(ModelError, match=r"declare the settings \['depth'\]; the encoder has \['dropout', 'width'\]"):
        fit(network(start=FromFile(tmp_path / "a.safetensors", settings={"depth": 3})))


def test_a_begun_network_is_saved_and_loaded_as_any(source: EarlierFit, tmp_path: Path) -> None:
    recipe = network(start=FromFit(source))
    fitted, _ = fit(recipe)
    (tmp_path / "saved").mkdir()
    fitted.save(tmp_path / "saved")
    told = [one.predictors for one in JUDGED[:5]]
    assert network().load(tmp_path / "saved").predict(told) == fitted.predict(told)
