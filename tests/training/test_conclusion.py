"""Networks learn times to events from tables, images and records; heads conclude on what their kept weights say."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.modalities.records.test_forecast import twin
from tests.training.cohorts import SCHEMA, cohort
from tests.training.small_images import TRUNK, radiographs

from bedside.data.sample import Sample
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.time_to_event.heads.cause_specific import CauseSpecificHead
from bedside.endpoints.time_to_event.heads.cox import CoxHead
from bedside.endpoints.time_to_event.heads.deep_hit import DeepHitHead
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.errors import ModelError
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.networks.encoder import Trunk
from bedside.networks.head import Concluding
from bedside.networks.sequences.recurrent import Recurrent
from bedside.stats.cox import AtRisk, Hazard
from bedside.training.conclusion import conclusion
from bedside.training.loop import Loop
from bedside.training.model import Model
from bedside.training.network import FittedNetwork, Network
from bedside.training.way import Way, Whole
from bedside.training.windows import Windows

ENDPOINT = time_to_event(horizon=4.0, unit="years", until=8.0, steps=16)


def followed(samples: Sequence[Sample[Any, bool]], seed: int) -> list[Sample[Any, Followed]]:
    """The samples with times instead of answers: those with the outcome have six times the hazard."""
    stream = np.random.default_rng(seed)
    found = []
    for one in samples:
        time, leaving = stream.exponential(1 / (0.45 if one.outcome else 0.075)), stream.uniform(2.0, 10.0)
        outcome = Followed(min(time, leaving), int(time <= leaving))
        found.append(Sample(one.key, one.patient, one.predictors, outcome))
    return found


@dataclass(frozen=True)
class Modality:
    """A trunk and its samples; who is at more risk is known."""

    trunk: Trunk[Any, Any]
    samples: Callable[[], Sequence[Sample[Any, bool]]]
    epochs: int
    settings: dict[str, float]


MODALITIES = {
    "table": Modality(TabularTrunk(SCHEMA), lambda: cohort("binary", 260).samples, 12, {"width": 32}),
    "image": Modality(TRUNK, lambda: radiographs(120), 20, {"learning_rate": 0.01}),
    "record": Modality(
        RecordTrunk(Recurrent(), least=3), lambda: twin(90, seed=4), 15, {"width": 8, "learning_rate": 0.05}
    ),
}
HEADS = {
    "logistic_hazard": LogisticHazardHead,
    "cox": CoxHead,
    "cause_specific": CauseSpecificHead,
    "deep_hit": DeepHitHead,
}
PAIRS = [*(("table", name) for name in HEADS), ("image", "logistic_hazard"), ("record", "cox")]


def network(modality: str, head: Any, **options: Any) -> Network[Any, Any]:
    loop = Loop(epochs=MODALITIES[modality].epochs, batch=16, warm_up=5, **options)
    return Network(endpoint=ENDPOINT, trunk=MODALITIES[modality].trunk, head=head, members=1, loop=loop)


def parts(modality: str) -> list[list[Sample[Any, Followed]]]:
    """Development, selection and others."""
    samples = followed(MODALITIES[modality].samples(), 5)
    first, second = len(samples) // 2, 3 * len(samples) // 4
    return [samples[:first], samples[first:second], samples[second:]]


def fit(modality: str, recipe: Network[Any, Any]) -> FittedNetwork[Any, Any]:
    development, selection, _ = parts(modality)
    settings = {**recipe.defaults, **MODALITIES[modality].settings}
    return recipe.fit(settings, development, selection, seed=2)[0]


@pytest.mark.parametrize(("modality", "head"), PAIRS)
def test_networks_learn_times_from_every_modality(modality: str, head: str, tmp_path: Path) -> None:
    recipe = network(modality, HEADS[head])
    fitted, again = fit(modality, recipe), fit(modality, recipe)
    for name, value in fitted.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
    others = [one.predictors for one in parts(modality)[2]]
    curves = np.array(fitted.predict(others))
    assert curves.shape == (len(others), 1, 16)
    assert np.diff(curves, axis=2).min() >= 0
    assert 0 <= curves.min() <= curves.max() <= 1
    alone = np.array([fitted.predict([one])[0] for one in others[:5]])
    np.testing.assert_allclose(alone, curves[:5], atol=2e-6)
    fitted.save(tmp_path)
    np.testing.assert_array_equal(np.array(recipe.load(tmp_path).predict(others)), curves)
    # What it saw it has learned; of others few simulated cases tell little.
    development = parts(modality)[0]
    seen = np.array(fitted.predict([one.predictors for one in development]))[:, 0, 7]
    came = np.array([one.outcome.event == 1 and one.outcome.time < 4.0 for one in development])
    later = np.array([one.outcome.time > 4.0 for one in development])
    assert seen[came].mean() > seen[later].mean() + 0.01


@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_baseline_is_that_of_the_kept_weights(ema: float | None) -> None:
    fitted, development = fit("table", network("table", CoxHead, ema=ema)), parts("table")[0]
    batches = fitted.prepared.batches([one.predictors for one in development])
    ratios = fitted.model.outputs(batches, chunk=7).astype(np.float64)[:, :, 0]
    head = fitted.model.head
    assert isinstance(head, CoxHead)
    risk = AtRisk.of(times_of([one.outcome for one in development]))
    for member in range(ratios.shape[1]):
        centre = float(ratios[:, member].mean())
        assert float(head.centre[member, 0]) == pytest.approx(centre, abs=1e-5)
        expected = Hazard.of(risk, ratios[:, member] - centre).cumulative(head.target.grid)
        np.testing.assert_allclose(head.baseline[member, 0].numpy(), expected, rtol=2e-4)
    # Expected and observed events agree on development, as they do for Breslow's baseline.
    assert np.ptp(ratios) > 0.1


def test_other_heads_cost_nothing() -> None:
    class Refusing(Model[Any]):
        def outputs(self, batches: Any, *, chunk: int) -> Any:
            del batches, chunk
            pytest.fail("a head that concludes nothing was asked for all development outputs")

    fitted = fit("table", network("table", LogisticHazardHead))
    assert not isinstance(fitted.model.head, Concluding)
    model = Refusing(fitted.model.encoder, fitted.model.head)
    assert conclusion(model, Whole(), fitted.prepared.batches([]), [], chunk=8)()
    assert not issubclass(BinaryHead, Concluding)


def test_a_head_concludes_nothing_from_outputs_that_are_not_finite() -> None:
    fitted, development = fit("table", network("table", CoxHead)), parts("table")[0]
    batches = fitted.prepared.batches([one.predictors for one in development])
    conclude = conclusion(fitted.model, Whole(), batches, development, chunk=64)
    before = copy.deepcopy(fitted.model.state_dict())
    assert conclude()
    for name, value in fitted.model.state_dict().items():
        torch.testing.assert_close(value, before[name], msg=name)
    with torch.no_grad():
        fitted.model.head.layer.bias.fill_(float("nan"))  # type: ignore[union-attr, operator]
    assert not conclude()
    assert bool(torch.isfinite(fitted.model.head.baseline).all())  # type: ignore[arg-type]


def test_parts_of_cases_cannot_be_concluded_from() -> None:
    fitted = fit("table", network("table", CoxHead))
    way: Way = Windows()
    with pytest.raises(ModelError, match="CoxHead learns a baseline from whole development cases"):
        conclusion(fitted.model, way, fitted.prepared.batches([]), [], chunk=8)


def test_a_diverging_course_is_told() -> None:
    development, selection, _ = parts("table")
    recipe = network("table", CoxHead)
    settings = {**recipe.defaults, "learning_rate": 1e30}
    with pytest.raises(ModelError, match="diverged"):
        recipe.fit(settings, development, selection, seed=1)
