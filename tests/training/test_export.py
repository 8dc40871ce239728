"""What is served is what was judged: graphs against the models they were made of, on every kind of row."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.endpoints.times import simulated
from tests.training.cohorts import KINDS, SCHEMA, Kind, cohort
from tests.training.small_images import fit as fit_images
from tests.training.small_images import network as image_network
from tests.training.small_images import radiographs

from bedside.comparators.boosted_nodes import NOTHING, boosted_nodes
from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.graph import Nodes, trees_graph
from bedside.comparators.points import PointsScore
from bedside.data.sample import Sample
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.ordinal.head import OrdinalHead
from bedside.endpoints.time_to_event.heads.cause_specific import CauseSpecificHead
from bedside.endpoints.time_to_event.heads.deep_hit import DeepHitHead
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.errors import ModelError
from bedside.modalities.imaging.augment.views import Mirrored
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record, Table, records
from bedside.sources.uci_heart_disease import SCHEMA as HEART
from bedside.sources.uci_heart_disease import UciHeartDisease
from bedside.training.calibration import platt
from bedside.training.export import NoGraph, described, export, graphed, serve
from bedside.training.framed import Framed
from bedside.training.learner import Fitted, Recipe
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.onnx_runtime import Session
from bedside.training.storage import seal
from bedside.training.tuned import Ensemble
from bedside.types import Floats, PatientId, SampleId

AnyRecipe = Recipe[Record, Any, Any]
CONVENTIONAL: tuple[Callable[[Any], AnyRecipe], ...] = (
    lambda endpoint: ElasticNet(endpoint, SCHEMA),
    lambda endpoint: Boosting(endpoint, SCHEMA),
    lambda endpoint: Forest(endpoint, SCHEMA),
)
TIMED = time_to_event(horizon=5.0, unit="years", horizons=(10.0,), until=20.0, causes=("relapse", "death"))


def network(endpoint: Any, head: HeadMaker[Any], epochs: int = 3) -> Network[Record, Any]:
    return Network(endpoint, TabularTrunk(SCHEMA, members=2), head, loop=Loop(epochs=epochs))


def learner_less() -> Any:
    pytest.fail("a model with an ONNX form asked for its learner")


def strange() -> list[Record]:
    """Rows that development never held: nothing known, words that nobody saw, numbers from another world."""
    rows = [
        {"age": None, "pressure": None, "ward": None},
        {"age": 60.0, "pressure": None, "ward": "hospice"},
        {"age": -1e9, "pressure": 1e300, "ward": "medical"},
        {"age": 1e-300, "pressure": -0.0, "ward": ""},
        {"age": 1e9, "pressure": 120.0, "ward": "surgical"},
    ]
    frame = pl.DataFrame(rows, schema={"age": pl.Float64, "pressure": pl.Float64, "ward": pl.String})
    return [record.only(SCHEMA) for record in records(Table(frame))]


def agrees(fitted: Fitted[Any, Any], served: Fitted[Any, Any], cases: Sequence[Any], tolerance: float) -> None:
    """The same predictions, many cases at once and each alone."""
    expected, found = np.array(fitted.predict(cases)), np.array(served.predict(cases))
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)
    alone = np.array([served.predict([case])[0] for case in cases[:12]])
    np.testing.assert_allclose(alone, found[:12], rtol=0, atol=tolerance * scale)
    assert served.predict([]) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", CONVENTIONAL, ids=["elastic_net", "boosting", "forest"])
def test_conventional_models_are_the_same_as_graphs(
    make: Callable[[Any], AnyRecipe], kind: Kind, tmp_path: Path
) -> None:
    drawn = cohort(kind, 330)
    development, selection, new = drawn.parts(150, 60, 120)
    recipe = make(drawn.endpoint)
    fitted, _ = recipe.fit(recipe.defaults, development, selection, seed=1)
    written = export(fitted, tmp_path / "a")
    assert (written.form, written.reason, described(written)) == ("onnx", "", "Served by ONNX graphs.")
    served = serve(tmp_path / "a", drawn.endpoint, learner_less)
    agrees(fitted, served, [*(sample.predictors for sample in new), *strange()], 1e-12)


@pytest.mark.parametrize("make", [ElasticNet, Boosting, Forest])
def test_on_patients_the_graph_is_the_same(make: Any, tmp_path: Path) -> None:
    source, root = UciHeartDisease(), Path(os.environ.get("BEDSIDE_DATA", "absent"))
    if not root.is_dir():
        pytest.skip("UCI heart disease is not in BEDSIDE_DATA")
    known = [record for record in source.records(root) if record["narrowing"] is not None]
    endpoint = binary(positive="narrowed", negative="open")
    samples = [
        Sample(SampleId(str(k)), PatientId(str(k)), record.only(HEART), record["narrowing"] > 0)
        for k, record in enumerate(known)
    ]
    # Fitted where hardly anything is missing, asked where much is.
    recipe = make(endpoint, HEART)
    fitted, _ = recipe.fit(recipe.defaults, samples[:250], samples[250:300], seed=1)
    assert export(fitted, tmp_path / "a").form == "onnx"
    agrees(fitted, serve(tmp_path / "a", endpoint, learner_less), [one.predictors for one in samples], 1e-12)


@pytest.fixture(scope="module")
def ensemble() -> Ensemble[Record, float]:
    """Two networks, pooled and recalibrated."""
    drawn = cohort("binary", 200)
    development, selection = drawn.parts(120, 80)
    recipe = network(drawn.endpoint, BinaryHead)
    members = tuple(recipe.fit(recipe.defaults, development, selection, seed=seed)[0] for seed in (1, 2))
    outcomes = [sample.outcome for sample in selection]
    told = members[0].predict([sample.predictors for sample in selection])
    return Ensemble(drawn.endpoint, recipe.name, members, platt(drawn.endpoint, outcomes, told))


@pytest.fixture(scope="module")
def folder(ensemble: Ensemble[Record, float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("served") / "ensemble"
    assert export(ensemble, where).form == "onnx"
    return where


def test_an_ensemble_of_networks_is_the_same_as_graphs(ensemble: Ensemble[Record, float], folder: Path) -> None:
    rows = [*(sample.predictors for sample in cohort("binary", 150, seed=9).samples), *strange()]
    agrees(ensemble, serve(folder, ensemble.endpoint, learner_less), rows, 1e-6)


def test_a_graph_is_whole_and_says_nothing_of_where_it_was_made(folder: Path) -> None:
    graphs = sorted(folder.rglob("*.onnx"))
    assert [path.parent.name for path in graphs] == ["member-0", "member-1"]
    for path in graphs:
        content = path.read_bytes()
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        assert (model.ir_version, [(one.domain, one.version) for one in model.opset_import]) == (10, [("", 20)])
        assert all(one.data_location == onnx.TensorProto.DEFAULT for one in model.graph.initializer)
        assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
        assert b".py" not in content
        assert len(content) < 200_000


def test_tables_are_served_without_what_trained_the_network(folder: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from bedside.endpoints.binary.kind import binary\nfrom bedside.training.export import serve\n"
        f"model = serve(Path({str(folder)!r}), binary(positive='yes', negative='no'), lambda: None)\n"
        "print([name for name in ('torch', 'sklearn', 'lightgbm', 'optuna', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HEADS: dict[str, tuple[Any, HeadMaker[Any]]] = {
    "ordinal": (None, OrdinalHead),
    "logistic_hazard": (TIMED, LogisticHazardHead),
    "cause_specific": (TIMED, CauseSpecificHead),
    "deep_hit": (TIMED, DeepHitHead),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEADS)
def test_heads_are_the_same_as_graphs(name: str, tmp_path: Path) -> None:
    drawn = cohort("ordinal", 260)
    endpoint, head = HEADS[name]
    samples: list[Sample[Record, Any]] = drawn.samples
    if endpoint is not None:
        _, outcomes = simulated(len(samples), 4, causes=2)
        samples = [
            Sample(sample.key, sample.patient, sample.predictors, outcome)
            for sample, outcome in zip(samples, outcomes, strict=True)
        ]
    recipe = network(endpoint or drawn.endpoint, head, epochs=1)
    fitted, _ = recipe.fit(recipe.defaults, samples[:160], samples[160:220], seed=1)
    assert export(fitted, tmp_path / "a").form == "onnx"
    served = serve(tmp_path / "a", recipe.endpoint, learner_less)
    agrees(fitted, served, [sample.predictors for sample in samples[220:]], 1e-6)


def test_images_and_all_their_views_are_the_same_as_a_graph(tmp_path: Path) -> None:
    recipe = image_network(epochs=1, views=Mirrored((0, 1)))
    fitted, _ = fit_images(recipe)
    assert export(fitted, tmp_path / "a").form == "onnx"
    served = serve(tmp_path / "a", recipe.endpoint, learner_less)
    agrees(fitted, served, [sample.predictors for sample in radiographs(20, first=900)], 1e-6)


def test_what_has_no_graph_is_served_by_its_own_files(tmp_path: Path) -> None:
    drawn = cohort("binary", 90)
    recipe: PointsScore[Record, float] = PointsScore(
        "old", "Old", drawn.endpoint, lambda record: float((record["age"] or 0) > 65), "One point for age."
    )
    fitted, _ = recipe.fit({}, drawn.samples, [], seed=1)
    written = export(fitted, tmp_path / "a")
    assert described(written) == "Served by the learner's own files: RecalibratedScore has no ONNX form."
    served = serve(tmp_path / "a", drawn.endpoint, lambda: recipe)  # type: ignore[arg-type, return-value]
    rows = [sample.predictors for sample in drawn.samples]
    assert served.predict(rows) == fitted.predict(rows)


def test_an_ensemble_has_a_graph_only_where_all_members_have(ensemble: Ensemble[Record, float]) -> None:
    class Bare:
        def predict(self, predictors: Sequence[Record]) -> list[float]:
            return [0.5] * len(predictors)

        def save(self, folder: Path) -> None:
            raise NotImplementedError

    mixed = Ensemble(ensemble.endpoint, "mixed", (ensemble.members[0], Bare()), ensemble.calibrator)
    assert graphed(mixed) == NoGraph("Bare has no ONNX form")


def test_networks_that_need_torch_to_see_a_case_have_no_graph(ensemble: Ensemble[Record, float]) -> None:
    fitted: Any = ensemble.members[0]
    assert graphed(replace(fitted, way=Framed())) == NoGraph("a network that sees cases by Framed has no ONNX form")
    assert graphed(replace(fitted, prepared=object())) == NoGraph(
        "object has no part in NumPy that an ONNX graph needs beside it"
    )


def copied(folder: Path, to: Path) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            where = to / path.relative_to(folder)
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(path.read_bytes())
    return to


@pytest.mark.parametrize("sealed", [False, True], ids=["altered", "sealed_again"])
def test_damage_is_refused(ensemble: Ensemble[Record, float], folder: Path, tmp_path: Path, sealed: bool) -> None:
    graph = "model/member-1/graph.onnx"
    whole = (folder / graph).read_bytes()
    for number, content in enumerate((whole[: len(whole) // 2], b"", b"graph")):
        copy = copied(folder, tmp_path / str(number))
        (copy / graph).write_bytes(content)
        if sealed:
            seal(copy)
        with pytest.raises(ModelError, match=r"ONNX graph cannot be read|not what was saved|damaged"):
            serve(copy, ensemble.endpoint, learner_less)


@pytest.mark.parametrize(
    ("file", "wrong", "message"),
    [
        ("model/member-0/graph.json", ("bedside.modalities.tabular.preparation:", "os:"), "in none of the packages"),
        ("model/member-0/graph.json", ("binary.decoding:MeanProbability", "absent:A"), "which is not installed"),
        (
            "model/member-0/graph.json",
            ("binary.decoding:MeanProbability", "endpoint:Endpoint"),
            "which is no class with",
        ),
        ("model/ensemble.json", ("graph_model:GraphModel", "storage:seal"), "which is no class with"),
        ("served.json", ('"onnx"', '"pickle"'), "its form is 'pickle'"),
    ],
)
def test_classes_from_elsewhere_are_refused(
    ensemble: Ensemble[Record, float], folder: Path, tmp_path: Path, file: str, wrong: tuple[str, str], message: str
) -> None:
    copy = copied(folder, tmp_path / "copy")
    before = (copy / file).read_text("utf-8")
    (copy / file).write_text(before.replace(*wrong), "utf-8")
    assert before != (copy / file).read_text("utf-8")
    with pytest.raises(ModelError):
        serve(copy, ensemble.endpoint, learner_less)
    seal(copy)
    with pytest.raises(ModelError, match=message):
        serve(copy, ensemble.endpoint, learner_less)


def edges(numbers: Floats) -> Floats:
    """Numbers, and the neighbours of each in double and in single precision."""
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    near = [np.nextafter(single, np.float32(side)).astype(np.float64) for side in (-np.inf, np.inf)]
    return np.concatenate([numbers, np.nextafter(numbers, -np.inf), np.nextafter(numbers, np.inf), single, *near])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), missing=st.sampled_from([0.0, 0.2]), outputs=st.sampled_from([1, 3]))
def test_boosted_trees_divide_at_the_very_number(seed: int, missing: float, outputs: int) -> None:
    stream = np.random.default_rng(seed)
    numbers = np.round(stream.normal(size=(300, 2)), 2) / 3
    numbers[stream.random(numbers.shape) < missing] = np.nan
    words = stream.integers(0, 6, 300)
    table = np.column_stack([numbers, words])
    target = (np.nan_to_num(numbers).sum(axis=1) + (words == 2) + stream.normal(size=300) > 0.3).astype(float)
    target += (outputs == 3) * (words == 4)
    told: dict[str, Any] = {"objective": "binary"} if outputs == 1 else {"objective": "multiclass", "num_class": 3}
    options = {**told, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, "max_cat_to_onehot": 10_000}
    booster = lightgbm.train(options, lightgbm.Dataset(table, target, categorical_feature=[2]), num_boost_round=6)
    booster = lightgbm.Booster(model_str=booster.model_to_string())  # as the learner keeps it
    nodes = boosted_nodes(booster)
    assert isinstance(nodes, Nodes)
    # LightGBM reads all beyond 1e300 as 1e300; no measurement is.
    splits = np.clip(edges(nodes.number), -1e300, 1e300)
    rows = np.concatenate([table, np.full((1, 3), np.nan), np.zeros((len(splits), 3))])
    rows[len(table) + 1 :] = splits[:, None]
    rows[:, 2] = np.where(np.isnan(rows[:, 2]), 0, np.clip(np.round(rows[:, 2]), 0, 9))
    found = Session(trees_graph(nodes, 3, nothing=NOTHING)).run({"predictors": rows})[0]
    raw = np.asarray(booster.predict(rows, raw_score=True, num_threads=1)).reshape(len(rows), -1)
    np.testing.assert_allclose(found, raw, rtol=0, atol=1e-13)


def test_categories_divided_in_sets_have_no_graph() -> None:
    stream = np.random.default_rng(1)
    words = stream.integers(0, 30, 2_000)
    target = np.isin(words, [1, 5, 9, 13]).astype(float)
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "max_cat_to_onehot": 1}
    data = lightgbm.Dataset(words[:, None].astype(float), target, categorical_feature=[0])
    found = boosted_nodes(lightgbm.train(options, data, num_boost_round=2))
    assert isinstance(found, NoGraph)
    assert "categories at once" in found.reason


def test_a_forest_divides_at_the_very_number() -> None:
    drawn = cohort("multiclass", 200)
    recipe = Forest(drawn.endpoint, SCHEMA)
    fitted, _ = recipe.fit(recipe.defaults, drawn.samples, [], seed=1)
    places = [0, 1]
    splits = edges(fitted.trees.threshold[np.isin(fitted.trees.feature, places)][:400])
    rows = np.zeros((len(splits), fitted.design.width))
    rows[:, places] = splits[:, None]
    found = graphed(fitted)
    assert not isinstance(found, NoGraph)
    sums = found._session.run({"predictors": rows})[0]  # type: ignore[attr-defined]
    expected = fitted.trees._mean(rows.astype(np.float32)) * len(fitted.trees.roots)
    np.testing.assert_allclose(sums, expected, rtol=0, atol=1e-11)


def test_another_models_arrays_are_refused() -> None:
    fitted, _ = ElasticNet(cohort("binary", 80).endpoint, SCHEMA).fit(
        ElasticNet.defaults, cohort("binary", 80).samples, [], seed=1
    )
    session = fitted.graphed()._session
    with pytest.raises(ModelError, match=r"takes .'predictors'. and was given .'pixels'."):
        session.run({"pixels": np.zeros((1, 2))})
    with pytest.raises(ModelError, match="an ONNX graph failed"):
        session.run({"predictors": np.zeros((1, 99))})
