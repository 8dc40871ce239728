"""Histories in which the height of the pulse decides, and models that look at it or at nothing."""

from functools import cache, partial
from typing import Any

import numpy as np
import torch
from tests.modalities.records.stays import Row, histories

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.explain.explainer import Subject
from bedside.explain.records.score import networks
from bedside.explain.tabular import members
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import BIRTH, History
from bedside.networks.sequences.sequencer import Sequencer
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

BINARY = binary(positive="ill", negative="well")
WORDS = ("ICD10CM//I10", "LOINC//HR", "LOINC//K", "LOINC//SMOKING", BIRTH, "SEX//F")
SILENT = ("ICD10CM//I10", "LOINC//K", "LOINC//SMOKING")


def hearts(n: int, seed: int) -> list[Sample[History, bool]]:
    """One pulse of about 120 for the ill and 60 for the well, among numbers and words that say nothing; some empty."""
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < 0.5
    cases = [_rows(rng, bool(one)) for one in ill]
    cases[0] = []
    made = histories(*cases, words=WORDS)
    return [
        Sample(SampleId(f"secret-{seed}-{k}"), PatientId(f"patient-{seed}-{k}"), made[k], bool(ill[k]))
        for k in range(n)
    ]


def _rows(rng: np.random.Generator, ill: bool) -> list[Row]:
    rows: list[Row] = [(None, "SEX//F", None, None)] if rng.random() < 0.5 else []
    timed: list[Row] = [(24 * 365.25 * rng.uniform(40, 90), BIRTH, None, None)]
    for _ in range(rng.integers(4, 9)):
        hour, code = float(np.round(rng.uniform(0, 40), 1)), str(rng.choice(SILENT))
        number = rng.normal(4.0, 0.5) if code == "LOINC//K" else None
        text = str(rng.choice(["never", "daily"])) if code == "LOINC//SMOKING" else None
        timed.append((hour, code, number, text))
    timed.append((12.0, "LOINC//HR", rng.normal(120.0 if ill else 60.0, 8.0), None))
    return [*rows, *sorted(timed, key=_earliest)]


def _earliest(row: Row) -> float:
    return -(row[0] or 0.0)


def subject_of(recipe: Recipe[History, bool, float], n: int = 200) -> Subject[History, Any]:
    """A recipe fitted on histories."""
    cases = hearts(n, 1)
    development, held = cases[: n * 3 // 5], cases[n * 3 // 5 :]
    tuning: Tuning[History, bool] = Tuning(selection=held[: len(held) // 2], calibration=held[len(held) // 2 :])
    learner = Tuned(recipe, BINARY, trials=1)
    return Subject(learner, learner.fit(development, tuning, seed=1), BINARY, development, held)


def network(sequencer: Sequencer, epochs: int) -> Network[History, float]:
    """A small network."""
    trunk = RecordTrunk(sequencer, least=3)
    return Network(endpoint=BINARY, trunk=trunk, head=BinaryHead, members=1, loop=Loop(epochs=epochs))


@cache
def subject(sequencer: Sequencer = BagOfEvents(), *, epochs: int = 8, blind: bool = False) -> Subject[History, Any]:  # noqa: B008 - frozen
    """A network that has learned; a blind one gives what it sees no weight."""
    made = subject_of(network(sequencer, 1 if blind else epochs))
    if blind:
        for member in networks(members(made.fit.fitted)):
            torch.nn.init.zeros_(member.model.head.layer.weight)  # type: ignore[arg-type,union-attr]
    return made


@cache
def conventional(name: str) -> Subject[History, Any]:
    """A model on summaries."""
    if name == "boosting":
        return subject_of(WindowSummaries(partial(Boosting, BINARY), name, name, least=3))
    return subject_of(WindowSummaries(partial(ElasticNet, BINARY), name, name, least=3))
