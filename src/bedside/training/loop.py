"""The one training loop of all networks: AdamW, warm-up, clipping, early stopping, best weights."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from bedside.errors import ModelError
from bedside.networks.encoder import Batches
from bedside.training.engine import Engine, SingleThread
from bedside.training.model import Model

B = TypeVar("B")

_PATIENCE, _FEWEST = 120, 4
"""Steps, and passes, without improvement that are always granted: small data see few steps a pass."""


@dataclass(frozen=True, slots=True)
class Course:
    """How training went.

    Attributes:
        best: Epoch whose weights were kept, from 1.
        epochs: Epochs that were trained.
        loss: Loss on the selection data with the weights that were kept.
    """

    best: int
    epochs: int
    loss: float


class Trainer(Protocol):
    """Fits the weights of a model; privacy and federation bring their own."""

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        ...

    def train(
        self,
        model: Model[B],
        cases: Batches[B],
        targets: Tensor,
        judge: Callable[[], float],
        *,
        learning_rate: float,
        weight_decay: float,
    ) -> Course:
        """Train in place and leave the best weights in the model."""
        ...


@dataclass(frozen=True)
class Loop:
    """AdamW with linear warm-up and a constant rate, stopped when the selection loss no longer falls.

    Attributes:
        epochs: Most passes over development.
        patience: Passes without improvement after which training stops; when None, as many as make 120 steps, at
            least 4.
        batch: Cases a step; chosen from the number of cases when None.
        warm_up: Steps over which the learning rate rises.
        clip: Largest norm of a gradient.
        engine: Where to train.
    """

    epochs: int = 200
    patience: "int | None" = None
    batch: "int | None" = None
    warm_up: int = 20
    clip: float = 1.0
    engine: Callable[[], Engine] = field(default=SingleThread)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        patience = f"{self.patience} epochs" if self.patience else f"{_PATIENCE} steps (at least {_FEWEST} epochs)"
        return (
            f"Trained with AdamW for at most {self.epochs} epochs, gradients clipped at norm {self.clip:g}, stopped "
            f"after {patience} without a lower loss on the selection data, the best weights restored."
        )

    def train(
        self,
        model: Model[B],
        cases: Batches[B],
        targets: Tensor,
        judge: Callable[[], float],
        *,
        learning_rate: float,
        weight_decay: float,
    ) -> Course:
        """Train in place and leave the best weights in the model.

        Args:
            model: Encoder and head.
            cases: Development, prepared.
            targets: What the head made of development outcomes, cases first.
            judge: The model's present loss on the selection data.
            learning_rate: After warm-up.
            weight_decay: Decoupled (Loshchilov and Hutter, ICLR 2019); biases and normalisation are spared.

        Raises:
            ModelError: The loss is no longer finite.
        """
        engine = self.engine()
        optimizer = AdamW(_groups(model, weight_decay), lr=learning_rate, fused=True)
        wrapped, optimizer = engine.setup(model, optimizer)
        best, kept, step = Course(0, 0, math.inf), {}, 0
        patience = self.patience or max(_FEWEST, math.ceil(_PATIENCE / self._steps(len(cases))))
        for epoch in range(1, self.epochs + 1):
            model.train()
            for positions in self._batches(len(cases)):
                step += 1
                _set_rate(optimizer, learning_rate * min(1.0, step / self.warm_up))
                loss = wrapped(cases.take(positions, engine.device), targets[positions].to(engine.device))
                optimizer.zero_grad(set_to_none=True)
                engine.backward(loss)
                engine.clip_gradients(wrapped, optimizer, max_norm=self.clip)
                optimizer.step()
            judged = judge()
            if not math.isfinite(judged):
                raise _diverged(epoch, judged, learning_rate)
            if judged < best.loss:
                best = Course(epoch, epoch, judged)
                kept = {name: value.detach().clone() for name, value in model.state_dict().items()}
            elif epoch - best.best >= patience:
                break
        model.load_state_dict(kept)
        model.eval()
        return Course(best.best, epoch, best.loss)

    def _batches(self, cases: int) -> Iterator[Tensor]:
        # Batches of nearly equal size: a last one of a single case would be a step in a random direction.
        yield from torch.randperm(cases).tensor_split(self._steps(cases))

    def _steps(self, cases: int) -> int:
        return max(1, round(cases / (self.batch or batch_size(cases))))


def batch_size(cases: int) -> int:
    """About twelve steps a pass on small data, at most 1,024 cases a step."""
    return int(min(1024, max(32, 2 ** round(math.log2(max(cases, 2) / 12)))))


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1 and min(parameter.shape[-2:]) > 1]
    chosen = set(map(id, matrices))
    others = [parameter for parameter in model.parameters() if id(parameter) not in chosen]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _set_rate(optimizer: Any, rate: float) -> None:  # noqa: ANN401 - wrapped by the engine
    for group in optimizer.param_groups:
        group["lr"] = rate


def _diverged(epoch: int, loss: float, learning_rate: float) -> ModelError:
    return ModelError(
        f"training diverged: the selection loss was {loss} after epoch {epoch} at learning rate {learning_rate:g}; "
        "a finite loss is needed. Lower the learning rate, or look for extreme values among the predictors"
    )
