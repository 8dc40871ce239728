"""The running mean of a model's weights, which generalises better than the weights of the last step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average (Polyak and Juditsky, 1992) of parameters and of batch statistics.

    After step t the average moves by 1 - min(decay, (1 + t) / (10 + t)) towards the weights, so that the random start
    is soon forgotten. Whole numbers (a count of batches) are taken over as they are.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin at the present weights.

        Args:
            model: Whose weights are averaged.
            decay: Share of the average that a step keeps, in (0, 1).
        """
        self.decay = decay
        self.steps = 0
        self._live = state(model)
        self.values = {name: value.clone() for name, value in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the present weights."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        floating = [name for name, value in self.values.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.values[name] for name in floating], [self._live[name] for name in floating], share)
        for name, value in self.values.items():
            if not value.is_floating_point():
                value.copy_(self._live[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averaged weights inside, its own outside."""
        own = {name: value.clone() for name, value in self._live.items()}
        put(self.values, self._live)
        try:
            yield
        finally:
            put(own, self._live)


def state(model: nn.Module) -> dict[str, Tensor]:
    """The live tensors of a model's state, by name; they change as the model is trained."""
    return {name: value.detach() for name, value in model.state_dict().items()}


@torch.no_grad()
def put(values: Mapping[str, Tensor], live: Mapping[str, Tensor]) -> None:
    """Write values over the live tensors of the same names."""
    for name, tensor in live.items():
        tensor.copy_(values[name])
