"""The one training loop of all networks: AdamW, warm-up, a schedule, clipping, averaging, early stopping."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from bedside.errors import ModelError
from bedside.training import checkpoint, pruning
from bedside.training.averaging import Average, state
from bedside.training.checkpoint import Checkpoint
from bedside.training.course import Course
from bedside.training.engine import Engine, Place, SingleThread
from bedside.training.feed import Supply
from bedside.training.grouping import batches
from bedside.training.layout import convolves
from bedside.training.model import Model
from bedside.training.schedule import Schedule, rate
from bedside.training.seeds import derive
from bedside.training.state import State
from bedside.training.workplace import here

B = TypeVar("B")

_PATIENCE, _FEWEST = 120, 4
"""Steps, and passes, without improvement that are always granted: small data see few steps a pass."""


class Trainer(Protocol):
    """Fits the weights of a model; privacy and federation bring their own."""

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        ...

    def train(
        self, model: Model[B], feed: Supply[B], judge: Callable[[], float], *, learning_rate: float, weight_decay: float
    ) -> Course:
        """Train in place and leave the best weights in the model."""
        ...


@dataclass(frozen=True)
class Loop:
    """AdamW with linear warm-up, stopped when the selection loss no longer falls or the budget is spent.

    Attributes:
        epochs: Most passes over development.
        patience: Passes without improvement after which training stops. When None: with a constant rate as many as make
            120 steps, at least 4; with a cosine, whose budget is fixed, none.
        batch: Cases a step; when None what the cases leave room for, or chosen from their number.
        warm_up: Steps over which the learning rate rises.
        clip: Largest norm of a gradient.
        engine: Where to train; `accelerated(...)` for GPUs and several devices.
        schedule: Of the learning rate after warm-up.
        ema: Share of the running mean of the weights that a step keeps (.999); the mean is then what is judged, kept
            and released. None to judge and keep the weights themselves.
    """

    epochs: int = 200
    patience: "int | None" = None
    batch: "int | None" = None
    warm_up: int = 20
    clip: float = 1.0
    engine: Place = field(default=SingleThread)
    schedule: Schedule = "constant"
    ema: "float | None" = None

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with.

        Raises:
            ModelError: A value is out of its range.
        """
        _check("epochs", self.epochs, self.epochs >= 1, "1 or more")
        _check("patience", self.patience, self.patience is None or self.patience >= 1, "1 or more, or None")
        _check("batch", self.batch, self.batch is None or self.batch >= 1, "1 or more, or None")
        _check("warm_up", self.warm_up, self.warm_up >= 0, "0 or more")
        _check("clip", self.clip, self.clip > 0, "above 0")
        _check("schedule", self.schedule, self.schedule in {"constant", "cosine"}, '"constant" or "cosine"')
        _check("ema", self.ema, self.ema is None or 0 < self.ema < 1, "above 0 and below 1, or None")

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        if self.schedule == "cosine" and self.patience is None:
            stopped = "the weights of the lowest loss on the selection data kept"
        else:
            patience = f"{self.patience} epochs" if self.patience else f"{_PATIENCE} steps (at least {_FEWEST} epochs)"
            stopped = f"stopped after {patience} without a lower loss on the selection data, the best weights restored"
        falling = ", the learning rate falling along a cosine" if self.schedule == "cosine" else ""
        averaged = f"; weights are running means over steps (decay {self.ema:g})" if self.ema else ""
        return (
            f"Trained with AdamW for at most {self.epochs} epochs{falling}, gradients clipped at norm {self.clip:g}, "
            f"{stopped}{averaged}."
        )

    def train(
        self, model: Model[B], feed: Supply[B], judge: Callable[[], float], *, learning_rate: float, weight_decay: float
    ) -> Course:
        """Train in place and leave the best weights in the model.

        Args:
            model: Encoder and head.
            feed: Development, prepared, with its targets.
            judge: The model's present loss on the selection data.
            learning_rate: After warm-up.
            weight_decay: Decoupled (Loshchilov and Hutter, ICLR 2019); biases and normalisation are spared.

        Raises:
            ModelError: The loss is no longer finite, or there are fewer cases in a batch than devices.
        """
        engine = self.engine()
        optimizer = AdamW(_groups(model, weight_decay), lr=learning_rate, fused=True)
        wrapped, driven = engine.setup(model, optimizer)
        now = State(model, optimizer, engine, Average(model, self.ema) if self.ema else None)
        place, hear = here(), pruning.listener()
        file = Checkpoint(place, self._identity(model, feed, engine, [learning_rate, weight_decay]))
        before = file.read()
        if before is not None:
            now.take_up(before)
        for one in now.curve:
            hear(one.number, one.selection)
        while not now.finished:
            epoch = len(now.curve) + 1
            _share_rates(optimizer, model.enter(epoch), engine)
            training = self._pass(now, wrapped, driven, feed, learning_rate)
            judged = now.judged(judge, epoch, training, optimizer.param_groups[0]["lr"])
            if not math.isfinite(judged):
                raise _diverged(epoch, judged, learning_rate)
            idle = epoch - max(now.best, model.settled - 1)
            now.finished = epoch == self.epochs or self._is_over(idle, self._steps(feed))
            place.tell("epoch", epoch, self.epochs)
            if engine.global_rank == 0 and file.is_due(last=now.finished):
                file.write(now.saved())
            hear(epoch, judged)
        model.load_state_dict(now.kept)
        model.leave()
        model.eval()
        return Course(now.best, now.loss, tuple(now.curve), engine.precision if convolves(model) else "")

    def _pass(self, now: State, wrapped: Any, driven: Any, feed: Supply[B], peak: float) -> Tensor:  # noqa: ANN401 - wrapped by the engine
        """One pass over development; the mean loss of its cases."""
        now.model.train()
        steps = self._steps(feed)
        engine, total = now.engine, self.epochs * steps
        summed = torch.zeros((), device=engine.device)
        with _apart(engine, now.step):
            for positions in batches(feed.cases, len(feed), steps):
                now.step += 1
                _set_rate(now.optimizer, self._rate(now.step, total, peak))
                own, weight = _share(positions, engine)
                loss = wrapped(*feed.take(own, engine.device)) * weight
                now.optimizer.zero_grad(set_to_none=True)
                engine.backward(loss)
                engine.clip_gradients(wrapped, driven, max_norm=self.clip)
                driven.step()
                now.stepped()
                summed += loss.detach() * len(positions)
        return engine.all_reduce(summed) / len(feed)

    def _rate(self, step: int, total: int, peak: float) -> float:
        return rate(step, peak=peak, warm_up=self.warm_up, total=total, schedule=self.schedule)

    def _is_over(self, idle: int, steps: int) -> bool:
        """Whether so many epochs without improvement end training."""
        if self.schedule == "cosine" and self.patience is None:
            return False
        return idle >= (self.patience or max(_FEWEST, math.ceil(_PATIENCE / steps)))

    def _steps(self, feed: Supply[Any]) -> int:
        return max(1, round(len(feed) / (self.batch or feed.batch or batch_size(len(feed)))))

    def _identity(self, model: Model[Any], feed: Supply[Any], engine: Engine, numbers: list[float]) -> Iterator[bytes]:
        """What tells this fit from the others of its task: how it is trained, where it starts, and on what."""
        words = [part.description if part is not None else "" for part in (self, model.thaw)]
        settings = [self.batch or feed.batch, self.warm_up, len(feed), engine.world_size, engine.precision, *numbers]
        yield checkpoint.plain([*words, *settings])
        yield from checkpoint.content(state(model))
        yield from feed.identity()
        yield from checkpoint.content({"generator": torch.get_rng_state()})


def batch_size(cases: int) -> int:
    """About twelve steps a pass on small data, at most 1,024 cases a step."""
    return int(min(1024, max(32, 2 ** round(math.log2(max(cases, 2) / 12)))))


def _groups(model: Model[Any], weight_decay: float) -> list[dict[str, Any]]:
    groups = []
    for part, parameters in enumerate(model.parts):
        matrices = [parameter for parameter in parameters if _is_matrix(parameter)]
        chosen = set(map(id, matrices))
        others = [parameter for parameter in parameters if id(parameter) not in chosen]
        groups += [
            {"params": matrices, "weight_decay": weight_decay, "part": part, "share": 1.0},
            {"params": others, "weight_decay": 0.0, "part": part, "share": 1.0},
        ]
    return groups


def _is_matrix(parameter: Tensor) -> bool:
    # The kernels of a convolution, of one pixel as well; a member's scale or bias has a side of 1.
    return parameter.ndim > 3 or (parameter.ndim > 1 and min(parameter.shape[-2:]) > 1)


def _set_rate(optimizer: Optimizer, value: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = value * group["share"]


def _share_rates(optimizer: Optimizer, shares: Sequence[float], engine: Engine) -> None:
    """Set what share of the learning rate each part gets from now on.

    Raises:
        ModelError: Several devices train the model, which cannot follow a change of what is held.
    """
    for group in optimizer.param_groups:
        share = shares[group["part"]]
        if engine.world_size > 1 and 0 in (share, group["share"]) and share != group["share"]:
            msg = (
                f"stages of the encoder are held on {engine.world_size} devices; data-parallel training holds none: "
                "train on one device, or give every stage a learning rate with Discriminative()"
            )
            raise ModelError(msg)
        group["share"] = share


def _diverged(epoch: int, loss: float, learning_rate: float) -> ModelError:
    return ModelError(
        f"training diverged: the selection loss was {loss} after epoch {epoch} at learning rate {learning_rate:g}; "
        "a finite loss is needed. Lower the learning rate, or look for extreme values among the predictors"
    )


def _share(positions: Tensor, engine: Engine) -> tuple[Tensor, float]:
    """This process's part of a batch, and the weight of its mean loss in that of the whole batch."""
    if engine.world_size == 1:
        return positions, 1.0
    own = positions[engine.global_rank :: engine.world_size]
    if len(positions) < engine.world_size:
        msg = (
            f"a batch of {len(positions)} cases cannot be divided among {engine.world_size} devices; "
            "ask for a larger batch or fewer devices"
        )
        raise ModelError(msg)
    return own, len(own) * engine.world_size / len(positions)


def _apart(engine: Engine, step: int) -> AbstractContextManager[None]:
    """Processes draw different random numbers inside (dropout, augmentation) and the same ones outside (batches)."""
    return nullcontext() if engine.world_size == 1 else _own_numbers(engine.global_rank, step)


@contextmanager
def _own_numbers(rank: int, step: int) -> Iterator[None]:
    seed = derive(torch.initial_seed(), "process", rank, "step", step)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def _check(name: str, value: object, holds: bool, allowed: str) -> None:
    if not holds:
        msg = f"a training loop was given {name}={value!r}; it must be {allowed}"
        raise ModelError(msg)
