"""Learning without outcomes: from development and declared cases alone, repeatable, refused when it collapses."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.training.small_images import BINARY, PLAN, TRUNK, fit, network, radiographs
from tests.training.test_start import FEW, SELECTION

from bedside.data.split import Tuning
from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.batches import ImageBatches, ImageTensors
from bedside.networks.collapse import NARROW
from bedside.networks.features import Vector
from bedside.training import pretrained
from bedside.training.loop import Loop
from bedside.training.pool import Part, Pool, joined
from bedside.training.pretrained import Pretrained
from bedside.training.pruning import Pruning
from bedside.training.thaw import Frozen
from bedside.training.tuned import Tuned
from bedside.training.vicreg import FLAT, Expander, Twice, VICReg

VIEWS = standard(PLAN)
SHORT = Loop(epochs=4, schedule="cosine", batch=32, warm_up=4)
METHOD = VICReg(dimensions=32)


def begun(**options: Any) -> Pretrained:
    return Pretrained(VIEWS, **{"loop": SHORT, "method": METHOD, **options})


def test_an_encoder_is_pretrained_and_told_of() -> None:
    further = [one.predictors for one in radiographs(24, first=900)]
    recipe = network(start=begun(unlabelled=further), thaw=Frozen())
    fitted, record = fit(recipe)
    assert record["start_cases"] == 32 + 24
    assert record["start_embedding_deviation"] > FLAT
    assert record["start_feature_spread"] > NARROW
    untouched, _ = fit(network(thaw=Frozen()))
    one, other = (model.model.state_dict()["encoder.network.stages.0.0.0.weight"] for model in (fitted, untouched))
    assert not torch.equal(one, other)
    assert "VICReg" in recipe.description
    assert "24 further unlabelled cases, never from judged ones" in recipe.description


def test_it_learns_what_two_views_share() -> None:
    loops = [Loop(epochs=epochs, batch=16, warm_up=1) for epochs in (1, 25)]
    short, long = (fit(network(start=begun(loop=loop, learning_rate=0.005)))[1] for loop in loops)
    assert long["start_loss"] < 0.9 * short["start_loss"]


def test_the_same_seed_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = []
    for seed in (0, 0, 1):
        monkeypatch.setattr(pretrained, "_MEMO", OrderedDict())
        fitted, _ = fit(network(start=begun(seed=seed), thaw=Frozen()))
        weights.append({name: value for name, value in fitted.model.state_dict().items() if "encoder" in name})
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not all(torch.equal(value, weights[2][name]) for name, value in weights[0].items())


def test_pretraining_leaves_no_trace_in_what_follows() -> None:
    before = torch.get_rng_state()
    fit(network(start=begun()))
    assert torch.equal(before, torch.get_rng_state())


def test_collapse_is_measured_and_refused() -> None:
    careless = VICReg(invariance=25.0, variance=0.0, covariance=0.0, dimensions=32)
    loop = Loop(epochs=40, patience=40, batch=8, warm_up=1)
    with pytest.raises(ModelError, match=r"collapsed: .* deviation of 0\.0.*larger weight"):
        fit(network(start=begun(method=careless, loop=loop, learning_rate=0.02, weight_decay=1.0)))


def test_cases_that_are_all_alike_teach_nothing() -> None:
    same = [replace(one, predictors=radiographs(1)[0].predictors) for one in radiographs(24)]
    recipe = network(start=begun())
    with pytest.raises(ModelError, match=r"features spread by 0\.00.* of their size .*all alike"):
        recipe.fit(recipe.defaults, same, radiographs(16, first=500), seed=1)


def test_too_few_cases_teach_nothing() -> None:
    with pytest.raises(ModelError, match="from 8 cases without outcomes; at least 16"):
        fit(network(start=begun()), cases=8)


@dataclass(frozen=True)
class Watched:
    """The trunk of these tests, and the predictors that were made into batches."""

    asked: list[Any] = field(default_factory=list)
    space: Any = field(default_factory=lambda: TRUNK.space)
    description: str = "watched"

    def prepare(self, predictors: Sequence[Any]) -> Any:
        return Asked(TRUNK.prepare(predictors), self.asked)


@dataclass(frozen=True)
class Asked:
    """What is prepared."""

    prepared: Any
    asked: list[Any]

    def batches(self, predictors: Sequence[Any]) -> Any:
        return Seen(self.prepared.batches(predictors), predictors, self.asked)

    def encoder(self, settings: Any) -> Any:
        return self.prepared.encoder(settings)

    def state(self) -> Any:
        return self.prepared.state()


@dataclass(frozen=True)
class Seen:
    """Batches that note what is taken while anything is pretrained."""

    batches: ImageBatches
    predictors: Sequence[Any]
    asked: list[Any]

    def __len__(self) -> int:
        return len(self.batches)

    def take(self, positions: torch.Tensor, where: torch.device) -> ImageTensors:
        self.asked.extend(id(self.predictors[k]) for k in positions.tolist())
        return self.batches.take(positions, where)


def test_only_development_and_declared_cases_are_looked_at() -> None:
    development, selection = radiographs(32), radiographs(16, first=500)
    further = [one.predictors for one in radiographs(20, first=900)]
    trunk = Watched()
    recipe = network(start=begun(unlabelled=further))
    prepared = trunk.prepare([one.predictors for one in development])
    start = recipe.start
    assert start is not None
    cases = prepared.batches([one.predictors for one in development])
    prepared.batches([one.predictors for one in selection])
    start.begin(prepared.encoder(recipe.defaults), recipe.defaults, prepared, cases)
    assert set(trunk.asked) == {id(one) for one in [*(sample.predictors for sample in development), *further]}


def test_trials_and_members_share_one_pretraining(monkeypatch: pytest.MonkeyPatch) -> None:
    memo = OrderedDict[bytes, Any]()
    monkeypatch.setattr(pretrained, "_MEMO", memo)
    recipe = replace(network(epochs=1, start=begun()), members=2)
    tuning = Tuning(selection=SELECTION[:20], calibration=SELECTION[20:])
    learner = Tuned(recipe, BINARY, trials=3, pruning=Pruning(after=1, trials=1))
    record = learner.fit(FEW, tuning, seed=1).record
    assert len(memo) == 1
    assert record["trials"] == 3


def test_the_memo_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    memo = OrderedDict[bytes, Any]()
    monkeypatch.setattr(pretrained, "_MEMO", memo)
    for k in range(40):
        pretrained._remember(bytes([k]), ({}, {}))
    assert len(memo) == 32
    assert bytes([39]) in memo


@given(st.permutations(range(9)), st.integers(1, 9))
def test_a_pool_is_its_parts_in_order(order: list[int], count: int) -> None:
    whole = [one.predictors for one in radiographs(9)]
    prepared = TRUNK.prepare(whole)
    pool = Pool(prepared.batches(whole[:4]), prepared.batches(whole[4:]))
    positions, where = torch.tensor(order[:count]), torch.device("cpu")
    assert torch.equal(pool.take(positions, where).pixels, prepared.batches(whole).take(positions, where).pixels)
    part = Part(pool, torch.tensor(order))
    assert len(part) == len(pool) == 9
    taken = part.take(torch.arange(count), where)
    assert torch.equal(taken.pixels, pool.take(positions, where).pixels)


def test_two_views_stand_one_behind_the_other() -> None:
    pixels = TRUNK.prepare([one.predictors for one in radiographs(4)]).batches(
        [one.predictors for one in radiographs(4)]
    )
    batch = pixels.take(torch.arange(4), torch.device("cpu"))
    views, targets = Twice(VIEWS)(batch, torch.arange(4))
    assert views.pixels.shape[0] == 8
    assert targets.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert not torch.equal(views.pixels[:4], views.pixels[4:])
    with pytest.raises(StudyError, match="batches of type list"):
        joined([1], [2])


def reference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The loss as the paper's pseudocode (algorithm 1) has it, in double precision."""
    cases, wide = one.shape
    total = 25.0 * float(((one - other) ** 2).mean())
    for half in (one, other):
        total += 25.0 * float(torch.relu(1 - torch.sqrt(half.var(dim=0) + 1e-4)).mean()) / 2
        centred = half - half.mean(dim=0)
        covariance = centred.T @ centred / (cases - 1)
        total += float((covariance**2).sum() - (torch.diagonal(covariance) ** 2).sum()) / wide
    return total


@given(st.integers(0, 100))
def test_the_loss_is_that_of_the_paper(seed: int) -> None:
    torch.manual_seed(seed)
    head = Expander(VICReg(dimensions=5), 3)
    outputs = torch.randn(12, 5, dtype=torch.float64)
    assert float(head.loss(outputs, head.targets([None] * 12))) == pytest.approx(reference(*outputs.chunk(2)))
    head.adapt([])
    assert head.eval()(Vector(torch.randn(1, 4, 3))).shape == (4, 5)


def test_impossible_methods_are_refused() -> None:
    with pytest.raises(StudyError, match="weights are 0 or more"):
        VICReg(variance=-1.0)
    with pytest.raises(StudyError, match="dimensions 2 or more"):
        VICReg(dimensions=1)
    with pytest.raises(StudyError, match="none were declared"):
        Pretrained()
    with pytest.raises(StudyError, match="from no unlabelled cases"):
        Pretrained(VIEWS, once=True)
