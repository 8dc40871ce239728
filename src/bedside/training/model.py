"""An encoder and a head as the one module that training, DDP and privacy engines wrap."""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bedside.networks.encoder import Batches, Encoder
from bedside.networks.head import Head

B = TypeVar("B")


class Model(nn.Module, Generic[B]):
    """An encoder and a head; called with targets it is the loss."""

    def __init__(self, encoder: Encoder[B, Any], head: Head[Any, Any, Any]) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, batch: B, targets: Tensor) -> Tensor:
        """Mean loss of a batch."""
        return self.head.loss(self.head(self.encoder(batch)), targets)

    def outputs(self, batches: Batches[B], *, chunk: int) -> NDArray[np.float32]:
        """Raw outputs of all cases in order, in evaluation mode, `chunk` cases at a time."""
        training = self.training
        self.eval()
        where = next(self.parameters()).device
        with torch.inference_mode():
            parts = [
                self.head(self.encoder(batches.take(positions, where))).float().cpu().numpy()
                for positions in _chunks(len(batches), chunk)
            ]
        self.train(training)
        return np.concatenate(parts)


def _chunks(cases: int, size: int) -> Iterator[Tensor]:
    for start in range(0, cases, size):
        yield torch.arange(start, min(start + size, cases))
