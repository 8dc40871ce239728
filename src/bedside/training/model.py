"""An encoder and a head as the one module that training, DDP and privacy engines wrap."""

from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bedside.errors import ModelError
from bedside.networks.encoder import Batches, Encoder
from bedside.networks.head import Head, WeighingHead
from bedside.training.feed import Views
from bedside.training.layout import arrange, arranged, layouts
from bedside.training.thaw import Thaw, stages

B = TypeVar("B")


class Model(nn.Module, Generic[B]):
    """An encoder and a head; called with targets it is the loss.

    Attributes:
        thaw: Which stages of the encoder are trained when; None for all of them alike.
    """

    def __init__(self, encoder: Encoder[B, Any], head: Head[Any, Any, Any], thaw: "Thaw | None" = None) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.thaw = thaw
        self._held: tuple[nn.Module, ...] = ()
        self._layouts = layouts(self)
        arrange(self)

    def forward(
        self,
        batch: B,
        targets: Tensor,
        partner: "Tensor | None" = None,
        share: float = 1.0,
        weights: "Tensor | None" = None,
    ) -> Tensor:
        """Mean loss of a batch, in single precision.

        Args:
            batch: Cases.
            targets: Theirs, cases first.
            partner: Positions of the cases that these were mixed with.
            share: Of the loss, that which is the case's own; the rest is its partner's (Zhang et al., ICLR 2018).
            weights: How many cases each stands for, of mean 1 over development; None where each stands for itself.
        """
        # Losses of probabilities near 0 or 1 need the digits that a half-precision pass leaves out.
        outputs = self.raw(batch).float()
        loss = self._loss(outputs, targets, weights)
        if partner is None:
            return loss
        others = None if weights is None else weights[partner]
        return share * loss + (1 - share) * self._loss(outputs, targets[partner], others)

    def _loss(self, outputs: Tensor, targets: Tensor, weights: "Tensor | None") -> Tensor:
        if weights is None:
            return self.head.loss(outputs, targets)
        return weighing(self.head).loss(outputs, targets, weights)

    @property
    def parts(self) -> tuple[tuple[nn.Parameter, ...], ...]:
        """Parameters that share a learning rate: all, or those of the head and of each stage where stages thaw."""
        if self.thaw is None:
            return (tuple(self.parameters()),)
        inside = [tuple(stage.parameters()) for stage in stages(self.encoder)]
        known = {id(one) for stage in inside for one in stage}
        return (tuple(one for one in self.parameters() if id(one) not in known), *inside)

    @property
    def settled(self) -> int:
        """The first epoch from which every stage is trained as in the last."""
        return 1 if self.thaw is None else self.thaw.settled(len(stages(self.encoder)))

    def enter(self, epoch: int) -> tuple[float, ...]:
        """Hold the stages that this epoch does not train; the share of the learning rate of each part."""
        if self.thaw is None:
            return (1.0,)
        each = stages(self.encoder)
        shares = self.thaw.shares(len(each), epoch)
        self._hold(tuple(stage for stage, share in zip(each, shares, strict=True) if share == 0))
        return (1.0, *shares)

    def leave(self) -> None:
        """Hold nothing: training is over."""
        if self._held:
            self._hold(())

    def train(self, mode: bool = True) -> Self:
        """As any module; held stages keep the statistics of their normalisation."""
        super().train(mode)
        for part in self._held:
            part.eval()
        return self

    def _hold(self, parts: tuple[nn.Module, ...]) -> None:
        self._held = parts
        self.requires_grad_(requires_grad=True)
        for part in parts:
            part.requires_grad_(requires_grad=False)

    def outputs(self, batches: Batches[B], *, chunk: int) -> NDArray[np.float32]:
        """Raw outputs of all cases in order, in evaluation mode, `chunk` cases at a time."""
        return self.looks(batches, None, chunk=chunk)[0]

    def looks(self, batches: Batches[B], views: "Views[B] | None", *, chunk: int) -> list[NDArray[np.float32]]:
        """Raw outputs of all cases in order, once a view; without views once."""
        training = self.training
        self.eval()
        where = next(self.parameters()).device
        parts: list[list[NDArray[np.float32]]] = []
        with torch.inference_mode():
            for positions in _chunks(len(batches), chunk):
                batch = batches.take(positions, where)
                seen = [batch] if views is None else views(batch)
                parts.append([self.raw(one).float().cpu().numpy() for one in seen])
        self.train(training)
        return [np.concatenate(look) for look in zip(*parts, strict=True)]

    def raw(self, batch: B) -> Tensor:
        """Raw outputs of a batch, in its own precision, in whatever mode the network is."""
        outputs: Tensor = self.head(self.encoder(arranged(batch, self._layouts)))
        return outputs


def weighing(head: Head[Any, Any, Any]) -> WeighingHead[Any, Any, Any]:
    """The head, as one that takes account of weights of cases; raises ModelError where it is none."""
    if isinstance(head, WeighingHead):
        return head
    msg = f"{type(head).__name__} takes no account of weights of cases; train it on cases that stand for themselves"
    raise ModelError(msg)


def _chunks(cases: int, size: int) -> Iterator[Tensor]:
    for start in range(0, cases, size):
        yield torch.arange(start, min(start + size, cases))
