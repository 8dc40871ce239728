"""A network whose weights are in random order, with which an explanation must change.

Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018.
"""

import copy
from dataclasses import replace
from typing import Any, TypeVar

import torch

from bedside.errors import ModelError
from bedside.explain.explainer import Subject
from bedside.training.determinism import deterministic
from bedside.training.learner import Fitted
from bedside.training.network import FittedNetwork
from bedside.training.tuned import Ensemble

X = TypeVar("X")


def shuffled(subject: Subject[X, Any], seed: int) -> Fitted[X, Any]:
    """The pooled networks of a learner with the weights of every layer in random order; the learner stays as it is.

    Raises:
        ModelError: The learner is no ensemble of networks.
    """
    fitted = subject.fit.fitted
    if not isinstance(fitted, Ensemble):
        msg = f"{subject.learner.name} is no ensemble of networks whose weights could be made random"
        raise ModelError(msg)
    return replace(fitted, members=tuple(_one(member, seed + k) for k, member in enumerate(fitted.members)))


def _one(member: Fitted[X, Any], seed: int) -> Fitted[X, Any]:
    if not isinstance(member, FittedNetwork):
        msg = "a member is no network, so it has no weights that could be made random"
        raise ModelError(msg)
    model = copy.deepcopy(member.model)
    with deterministic(seed), torch.no_grad():
        for parameter in model.parameters():
            values = parameter.detach().flatten()
            parameter.copy_(values[torch.randperm(values.numel())].view_as(parameter))
    return replace(member, model=model)
