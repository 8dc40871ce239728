"""An encoder that first learns from cases without their outcomes: those of development, and others as declared."""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor, device

from bedside.errors import ModelError, StudyError
from bedside.networks.encoder import Batches, Encoder, Prepared, Trunk, Values
from bedside.networks.features import Pooled
from bedside.networks.range import Range
from bedside.training import checkpoint
from bedside.training.averaging import put, state
from bedside.training.elsewhere import Elsewhere
from bedside.training.feed import Augment, Feed
from bedside.training.loop import Loop, Trainer, batch_size
from bedside.training.model import Model
from bedside.training.pool import Part, Pool
from bedside.training.pretext import Pretext
from bedside.training.pruning import unheard
from bedside.training.seeds import derive
from bedside.training.start import held
from bedside.training.vicreg import VICReg
from bedside.types import Json

FEWEST = 16
"""Cases below which two views of each teach nothing."""

_HELD_OUT = 10
_KEPT = 32

_Learned: TypeAlias = tuple[dict[str, Tensor], dict[str, Json]]

_MEMO: OrderedDict[bytes, _Learned] = OrderedDict()
"""Pretrainings of this process by all that decides them: the trials and members of a fit share one."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Weights that were learned from cases, whatever their outcome.

    Each set of development cases gets a pretraining of its own, on these and on the declared further ones, unless it is
    declared to be learned once. Judged cases are never among them; cases for tuning are where they are declared. All
    trials and members of a fit begin from the same weights.

    Attributes:
        views: Makes a view of a batch; the augmentation of the study, or a stronger one. None where the method needs
            none.
        unlabelled: Predictors of further cases; a study whose judged cases are among them is refused, and judged
            cases that nearly equal one of them are a finding of its audit.
        method: What is learned.
        loop: How; every tenth case is held out to choose the epoch.
        learning_rate: After warm-up.
        weight_decay: Decoupled.
        seed: Of the pretraining alone.
        once: Whether it is learned from the unlabelled cases alone, the same for all fits. They then also decide how
            cases are prepared: which events are told apart, and how numbers are scaled.

    Raises:
        StudyError: The method cannot learn from these views, or nothing is given that could be learned from once.
    """

    views: "Augment[Any] | None" = None
    unlabelled: Sequence[Any] = ()
    method: Pretext = field(default_factory=VICReg)
    loop: Trainer = field(default_factory=lambda: Loop(epochs=100, schedule="cosine"))
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 0
    once: bool = False

    def __post_init__(self) -> None:
        self.method.admit(self.views)
        if self.once and not self.unlabelled:
            msg = "an encoder was to learn once for all fits, from no unlabelled cases; declare some, or once=False"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Sentences for the methods section."""
        further = f" and {len(self.unlabelled)} further unlabelled cases" if self.unlabelled else ""
        cases = f"development cases{further}"
        if self.once:
            cases = (
                f"{len(self.unlabelled)} unlabelled cases, which also decided how cases are prepared, once for all fits"
            )
        views = f"{self.views.description}; " if self.views is not None else ""
        return (
            f"Its encoder first learned without outcomes, from {cases}, never from judged ones, by "
            f"{self.method.description} ({views}learning rate "
            f"{self.learning_rate:g}, weight decay {self.weight_decay:g}, seed {self.seed}). {self.loop.description}"
        )

    @property
    def elsewhere(self) -> Elsewhere:
        """The declared further cases."""
        return Elsewhere("unlabelled cases", predictors=self.unlabelled)

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every setting of the encoder held at its default: it is pretrained once, not once a trial."""
        return held(space, {name: allowed.default for name, allowed in space.items()})

    def prepare(self, trunk: Trunk[Any, Any]) -> "Prepared[Any, Any] | None":
        """What all fits are prepared by, where the encoder is learned once."""
        return self._archive(trunk)[0] if self.once else None

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """Pretrain on development and the declared cases.

        Raises:
            ModelError: There are too few cases, or the features collapsed.
        """
        pool = self._pool(prepared, development)
        if len(pool) < FEWEST:
            msg = f"an encoder was to learn from {len(pool)} cases without outcomes; at least {FEWEST} are needed"
            raise ModelError(msg)
        key = self._key(prepared, settings, pool)
        found = _MEMO.get(key)
        if found is None:
            found = self._learned(prepared, settings, pool)
            _remember(key, found)
        weights, record = found
        put(weights, state(encoder))
        return record

    def _pool(self, prepared: Prepared[Any, Any], development: Batches[Any]) -> Pool:
        if self.once:
            for _, known, batches in self._archives:
                if known is prepared:
                    return Pool(batches)
            return Pool(prepared.batches(self.unlabelled))
        return Pool(development, prepared.batches(self.unlabelled) if self.unlabelled else None)

    def _archive(self, trunk: Trunk[Any, Any]) -> tuple[Prepared[Any, Any], Batches[Any]]:
        """The unlabelled cases by a preparation of their own, made once for each trunk."""
        for known, prepared, batches in self._archives:
            if known is trunk:
                return prepared, batches
        prepared = trunk.prepare(self.unlabelled)
        made = prepared, prepared.batches(self.unlabelled)
        self._archives.append((trunk, *made))
        return made

    @cached_property
    def _archives(self) -> list[tuple[Trunk[Any, Any], Prepared[Any, Any], Batches[Any]]]:
        return []

    def _learned(self, prepared: Prepared[Any, Any], settings: Values, pool: Pool) -> _Learned:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(derive(self.seed, "pretraining"))
            encoder = prepared.encoder(settings)
            held_out = torch.arange(_HELD_OUT - 1, len(pool), _HELD_OUT)
            learned = torch.tensor([k for k in range(len(pool)) if k % _HELD_OUT != _HELD_OUT - 1])
            part, task = Part(pool, learned), self.method.task(prepared, self.views)
            model: Model[Any] = Model(encoder, self.method.head(encoder, part, task))
            before = self._judge(model, pool, held_out, task)
            with unheard():
                course = self.loop.train(
                    model,
                    Feed(part, torch.zeros(len(learned)), task),
                    lambda: self._judge(model, pool, held_out, task),
                    learning_rate=self.learning_rate,
                    weight_decay=self.weight_decay,
                )
            told = self.method.verdict(model.head, _features(model, pool), before=before, after=course.loss)
        model = model.cpu()
        weights = {name: value.clone() for name, value in state(model.encoder).items()}
        record: dict[str, Json] = {
            "start": "pretrained without outcomes",
            "start_cases": len(pool),
            "start_epochs": course.epochs,
            "start_best_epoch": course.best,
            "start_loss": round(course.loss, 6),
            **told,
        }
        return weights, record

    def _judge(self, model: Model[Any], pool: Pool, held_out: Tensor, task: Augment[Any]) -> float:
        """Loss of the held-out cases, in the same views every time."""
        where = next(model.parameters()).device
        training = model.training
        model.eval()
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())), torch.no_grad():
            torch.manual_seed(derive(self.seed, "views"))
            parts = torch.split(held_out, batch_size(len(pool)))
            feed = Feed(pool, torch.zeros(len(pool)), task)
            losses = [float(model(*feed.take(part, where))) * len(part) for part in parts]
        model.train(training)
        return sum(losses) / len(held_out)

    def _key(self, prepared: Prepared[Any, Any], settings: Values, pool: Pool) -> bytes:
        digest = hashlib.sha256(
            checkpoint.plain(
                [
                    repr(self.loop),
                    repr(self.views),
                    repr(self.method),
                    self.description,
                    dict(settings),
                    prepared.state(),
                ]
            )
        )
        for positions in torch.split(torch.arange(len(pool)), 256):
            batch = pool.take(positions, device("cpu"))
            tensors = {"0": batch} if isinstance(batch, Tensor) else {str(k): one for k, one in enumerate(batch)}
            for part in checkpoint.content(tensors):
                digest.update(part)
        return digest.digest()


def _remember(key: bytes, learned: _Learned) -> None:
    _MEMO[key] = learned
    while len(_MEMO) > _KEPT:
        _MEMO.popitem(last=False)


def _features(model: Model[Any], pool: Pool) -> list[Pooled]:
    """Of all cases, in batches, by the encoder as it will be used."""
    where = next(model.parameters()).device
    model.encoder.eval()
    parts = torch.arange(len(pool)).tensor_split(math.ceil(len(pool) / 256))
    with torch.no_grad():
        return [model.encoder(pool.take(positions, where)) for positions in parts]
