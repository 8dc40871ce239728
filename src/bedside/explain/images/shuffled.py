"""A network on images whose weights are in random order, with which an explanation must change.

Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018.
"""

import copy
from dataclasses import replace

import torch
from torch import nn

from bedside.explain.images.method import Network
from bedside.explain.images.score import Cases
from bedside.training.determinism import deterministic

_SEEN = 64
"""Images on which the statistics of normalisation are taken anew."""

_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)


def shuffled(member: Network, cases: Cases, seed: int) -> Network:
    """The network with the weights of every layer in random order.

    Statistics of batch normalisation are taken anew, without which signals would die out on the way and any
    explanation would look as if it had changed.

    Args:
        member: Stays as it is.
        cases: Of development.
        seed: Same seed, same order.
    """
    model = copy.deepcopy(member.model)
    with deterministic(seed, threads=member.threads), torch.no_grad():
        for parameter in model.parameters():
            values = parameter.detach().flatten()
            parameter.copy_(values[torch.randperm(values.numel())].view_as(parameter))
        norms = [module for module in model.modules() if isinstance(module, _NORMS)]
        model.eval()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
        if norms and len(cases) > 1:
            few = cases[:_SEEN]
            where = next(model.parameters()).device
            model.encoder(member.prepared.batches(few).take(torch.arange(len(few)), where))
        model.eval()
    return replace(member, model=model)
