"""Integrated gradients of the tabular network, attributed where numbers and categories have become vectors.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017; computed by captum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor

from bedside.explain.explainer import Subject
from bedside.explain.method import Contributions, summed
from bedside.explain.shuffled import shuffled
from bedside.modalities.tabular.encoder import PreparedTable, TabularEncoder, TabularTensors
from bedside.modalities.tabular.table import Record
from bedside.training.determinism import deterministic
from bedside.training.learner import Fitted
from bedside.training.network import FittedNetwork
from bedside.types import Floats, Integers

STEPS = 50
"""Points between the usual case and the explained one at which gradients are taken."""

_PASSES = 4_096
"""Cases times steps in one pass through the network: bounds memory."""


@dataclass(frozen=True)
class IntegratedGradients:
    """Gradients along the straight line from the usual case, in the space of encoded predictors."""

    name: ClassVar[str] = "integrated_gradients"
    label: ClassVar[str] = "integrated gradients"
    description: ClassVar[str] = (
        f"Integrated gradients (Sundararajan et al., 2017; captum, {STEPS} steps) from the usual case of development "
        "(medians, most frequent categories) to the explained one, taken where numbers are encoded and categories are "
        "learned vectors, and added up for each predictor. Attributed is the log-odds (or the number) before "
        "calibration, which keeps the order of predictions; of networks that are pooled, the mean of their values."
    )

    def contributions(
        self,
        members: Sequence[Fitted[Record, Any]],
        background: Sequence[Record],
        cases: Sequence[Record],
        chosen: Integers,
    ) -> "Contributions | None":
        """Mean over networks of their attributions; None for anything but tabular networks."""
        networks = [member for member in members if _is_tabular(member)]
        if not networks or len(networks) < len(members):
            return None
        found = [_of_one(cast("FittedNetwork[Record, Any]", one), background, cases, chosen) for one in networks]
        missed, moved = (float(np.sum([each[place] for each in found])) for place in (2, 3))
        values = np.mean([each[1] for each in found], axis=0)
        return Contributions(found[0][0], values, gap=missed / moved if moved else 0.0)

    def randomised(self, subject: Subject[Record, Any], seed: int) -> Fitted[Record, Any]:
        """The same networks with the weights of every layer in random order; raises ModelError for other models."""
        return shuffled(subject, seed)


def _is_tabular(member: object) -> bool:
    return isinstance(member, FittedNetwork) and isinstance(member.model.encoder, TabularEncoder)


def _of_one(
    network: FittedNetwork[Record, Any], background: Sequence[Record], cases: Sequence[Record], chosen: Integers
) -> tuple[tuple[str, ...], Floats, float, float]:
    """Predictors, their attributions, and how much of how large a change in score these leave unexplained."""
    from captum.attr import IntegratedGradients as Captum  # noqa: PLC0415 - a second of imports for those who explain

    encoder, head = cast("TabularEncoder", network.model.encoder), network.model.head
    prepared = cast("PreparedTable", network.prepared)
    where = next(network.model.parameters()).device
    whole = torch.arange(len(cases))
    picked = torch.from_numpy(chosen).to(where)

    def score(values: Tensor, classes: Tensor) -> Tensor:
        outputs = head.scores(head(encoder.mix(values))).mean(dim=1)
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return (outputs - outputs.mean(dim=1, keepdim=True)).gather(1, classes[:, None])[:, 0]

    with deterministic(0):
        with torch.no_grad():
            inputs = encoder.embed(prepared.batches(cases).take(whole, where))
            usual = encoder.embed(_usual(prepared, background, where))
            moved = score(inputs, picked) - score(usual.expand_as(inputs), picked)
        gradients, left = Captum(score).attribute(
            inputs,
            baselines=usual,
            additional_forward_args=(picked,),
            n_steps=STEPS,
            internal_batch_size=_PASSES,
            return_convergence_delta=True,
        )
    columns = gradients.detach().cpu().numpy().astype(np.float64)
    schema = prepared.preparation.schema
    names = [column.name for column in (*schema.numbers, *schema.categories)]
    owner = np.array([schema.names.index(name) for name in names], dtype=np.int64)[_owners(encoder)]
    values = summed(columns[:, :, None], owner, len(names))[:, :, 0]
    return schema.names, values, float(left.abs().sum()), float(moved.abs().sum())


def _usual(prepared: PreparedTable, background: Sequence[Record], where: torch.device) -> TabularTensors:
    """One case with every number at the development median, which is 0, and every category at its commonest word."""
    batch = prepared.preparation.transform(background)
    codes = [np.bincount(column).argmax() for column in batch.codes.T]
    numbers = torch.zeros((1, batch.numbers.shape[1]), device=where)
    common = torch.tensor(np.array(codes, dtype=np.int64)[None, :], device=where)
    return TabularTensors(numbers, torch.zeros_like(numbers), common)


def _owners(encoder: TabularEncoder) -> Integers:
    """Which predictor, numbers first, each encoded column belongs to: scaled, missing, bins, learned vectors."""
    count, bins = encoder.numbers.low.shape
    numbers = np.arange(count)
    parts = [numbers, numbers, np.repeat(numbers, bins)]
    if encoder.categories is not None:
        widths = [table.weight.shape[1] for table in cast("Sequence[torch.nn.Embedding]", encoder.categories.tables)]
        parts.append(count + np.repeat(np.arange(len(widths)), widths))
    return np.concatenate(parts).astype(np.int64)
