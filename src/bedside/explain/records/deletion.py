"""Faithfulness by deletion: without the events that an explanation calls important, a model must predict worse.

Samek et al., IEEE Transactions on Neural Networks and Learning Systems 2017, 28:2660; compared with leaving out as many
events of the same history at random.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.data.sample import Sample
from bedside.explain.excess import NAME, judged_excess
from bedside.explain.explainer import Check, Subject
from bedside.modalities.records.edited import edited
from bedside.modalities.records.history import Events, History
from bedside.training.seeds import derive
from bedside.types import Booleans, Floats, Integers

SHARE = 0.2
"""Of the events and facts of a history, how many are left out."""

SETS = 8
"""Random sets of events that are left out for comparison."""

_FEWEST = 10


def deletion(
    subject: Subject[History, Any], rows: Sequence[Floats], samples: Sequence[Sample[History, Any]], seed: int
) -> Check:
    """Whether leaving out the most important events raises the loss more than leaving out random ones.

    Args:
        subject: The model that was explained.
        rows: How far each row of each of these histories moved its score.
        samples: Cases whose outcomes may be looked at; no test cases.
        seed: Of the random sets, and of the bootstrap by patient.
    """
    if len(samples) < _FEWEST:
        return Check(NAME, None, None, f"not done: {len(samples)} cases are too few, {_FEWEST} are needed.")
    rng = np.random.default_rng(derive(seed, "deletion"))
    cases, outcomes = [sample.predictors for sample in samples], [sample.outcome for sample in samples]

    def loss(orders: Sequence[Integers]) -> Floats:
        left = without(cases, [_first(order) for order in orders])
        return subject.endpoint.target.losses(outcomes, subject.fit.fitted.predict(left))

    top = loss([np.argsort(-np.abs(one), kind="stable") for one in rows])
    drawn = [loss([rng.permutation(len(one)) for one in rows]) for _ in range(SETS)]
    return judged_excess(
        top - np.mean(drawn, axis=0),
        samples,
        seed,
        without=f"the {SHARE:.0%} of each history's events and facts called most important",
        rather_than=f"as many random ones ({SETS} times)",
    )


def without(cases: Sequence[History], gone: Sequence[Booleans]) -> list[History]:
    """The histories without these of their rows, in the order of `History.positions`."""

    def edit(events: Events, rows: Integers, owners: Integers, timed: Booleans) -> tuple[Booleans, NDArray[np.float32]]:
        del timed
        return ~np.concatenate([gone[place] for place in np.unique(owners).tolist()]), events.numbers[rows]

    return edited(cases, edit)


def _first(order: Integers) -> Booleans:
    """The `SHARE` of places that stand first in an order."""
    found = np.zeros(len(order), dtype=np.bool_)
    found[order[: round(SHARE * len(order))]] = True
    return found
