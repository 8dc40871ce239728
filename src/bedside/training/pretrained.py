"""An encoder that first learns from cases without their outcomes: those of development, and others as declared."""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, device

from bedside.errors import ModelError
from bedside.networks.encoder import Batches, Encoder, Prepared, Values
from bedside.networks.range import Range
from bedside.training import checkpoint
from bedside.training.averaging import put, state
from bedside.training.elsewhere import Elsewhere
from bedside.training.feed import Augment, Feed
from bedside.training.loop import Loop, Trainer, batch_size
from bedside.training.model import Model
from bedside.training.pool import Part, Pool
from bedside.training.pruning import unheard
from bedside.training.seeds import derive
from bedside.training.start import held
from bedside.training.vicreg import Expander, Twice, VICReg
from bedside.types import Json

FEWEST = 16
"""Cases below which two views of each teach nothing."""

FLAT, NARROW = 0.1, 0.01
"""Mean standard deviation of the embedding, and spread of features relative to their size, that count as collapse."""

_HELD_OUT = 10
_KEPT = 32

_Learned: TypeAlias = tuple[dict[str, Tensor], dict[str, Json]]

_MEMO: OrderedDict[bytes, _Learned] = OrderedDict()
"""Pretrainings of this process by all that decides them: the trials and members of a fit share one."""


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Weights that were learned from views of cases, whatever their outcome.

    Each set of development cases gets a pretraining of its own, on these and on the declared further ones. Judged cases
    are never among them; cases for tuning are where they are declared. All trials and members of a fit begin from the
    same weights.

    Attributes:
        views: Makes a view of a batch; the augmentation of the study, or a stronger one.
        unlabelled: Predictors of further cases; a study whose judged cases are among them is refused, and judged
            cases that nearly equal one of them are a finding of its audit.
        method: What is learned.
        loop: How; every tenth case is held out to choose the epoch.
        learning_rate: After warm-up.
        weight_decay: Decoupled.
        seed: Of the pretraining alone.
    """

    views: Augment[Any]
    unlabelled: Sequence[Any] = ()
    method: VICReg = field(default_factory=VICReg)
    loop: Trainer = field(default_factory=lambda: Loop(epochs=100, schedule="cosine"))
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 0

    @property
    def description(self) -> str:
        """Sentences for the methods section."""
        further = f" and {len(self.unlabelled)} further unlabelled cases" if self.unlabelled else ""
        return (
            f"Its encoder first learned without outcomes, from development cases{further}, never from judged ones, by "
            f"{self.method.description} on two views of each ({self.views.description}; learning rate "
            f"{self.learning_rate:g}, weight decay {self.weight_decay:g}, seed {self.seed}). {self.loop.description}"
        )

    @property
    def elsewhere(self) -> Elsewhere:
        """The declared further cases."""
        return Elsewhere("unlabelled cases", predictors=self.unlabelled)

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every setting of the encoder held at its default: it is pretrained once, not once a trial."""
        return held(space, {name: allowed.default for name, allowed in space.items()})

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """Pretrain on development and the declared cases.

        Raises:
            ModelError: There are too few cases, or the features collapsed.
        """
        pool = Pool(development, prepared.batches(self.unlabelled) if self.unlabelled else None)
        if len(pool) < FEWEST:
            msg = f"an encoder was to learn from {len(pool)} cases without outcomes; at least {FEWEST} are needed"
            raise ModelError(msg)
        key = self._key(prepared, settings, pool)
        found = _MEMO.get(key)
        if found is None:
            found = self._learned(prepared.encoder, settings, pool)
            _remember(key, found)
        weights, record = found
        put(weights, state(encoder))
        return record

    def _learned(self, make: Any, settings: Values, pool: Pool) -> _Learned:  # noqa: ANN401 - Prepared.encoder
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(derive(self.seed, "pretraining"))
            encoder = make(settings)
            model: Model[Any] = Model(encoder, Expander(self.method, encoder.width))
            held_out = torch.arange(_HELD_OUT - 1, len(pool), _HELD_OUT)
            learned = torch.tensor([k for k in range(len(pool)) if k % _HELD_OUT != _HELD_OUT - 1])
            with unheard():
                course = self.loop.train(
                    model,
                    Feed(Part(pool, learned), torch.zeros(len(learned)), Twice(self.views)),
                    lambda: self._judge(model, pool, held_out),
                    learning_rate=self.learning_rate,
                    weight_decay=self.weight_decay,
                )
            embedded, spread = _alive(model, pool)
        model = model.cpu()
        if embedded < FLAT or spread < NARROW:
            msg = (
                "learning without outcomes collapsed: embedded features have a mean standard deviation of "
                f"{embedded:.3f} (at least {FLAT} is needed) and features spread by {spread:.4f} of their size (at "
                f"least {NARROW}); give the variance a larger weight, lower the learning rate, or look for cases that "
                "are all alike"
            )
            raise ModelError(msg)
        weights = {name: value.clone() for name, value in state(model.encoder).items()}
        record: dict[str, Json] = {
            "start": "pretrained without outcomes",
            "start_cases": len(pool),
            "start_epochs": course.epochs,
            "start_best_epoch": course.best,
            "start_loss": round(course.loss, 6),
            "start_embedding_deviation": round(embedded, 6),
            "start_feature_spread": round(spread, 6),
        }
        return weights, record

    def _judge(self, model: Model[Any], pool: Pool, held_out: Tensor) -> float:
        """Loss of the held-out cases, in the same views every time."""
        where = next(model.parameters()).device
        training = model.training
        model.eval()
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())), torch.no_grad():
            torch.manual_seed(derive(self.seed, "views"))
            parts = torch.split(held_out, batch_size(len(pool)))
            feed = Feed(pool, torch.zeros(len(pool)), Twice(self.views))
            losses = [float(model(*feed.take(part, where))) * len(part) for part in parts]
        model.train(training)
        return sum(losses) / len(held_out)

    def _key(self, prepared: Prepared[Any, Any], settings: Values, pool: Pool) -> bytes:
        digest = hashlib.sha256(
            checkpoint.plain([repr(self.loop), repr(self.views), self.description, dict(settings), prepared.state()])
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


def _alive(model: Model[Any], pool: Pool) -> tuple[float, float]:
    """Mean standard deviation of embedded features, and spread of the encoder's features relative to their size."""
    where = next(model.parameters()).device
    # The encoder as it will be used; the embedding with the statistics of these cases, as a short training leaves its
    # running ones behind.
    model.encoder.eval()
    model.head.train()
    embedded, features = [], []
    with torch.no_grad():
        for positions in torch.arange(len(pool)).tensor_split(math.ceil(len(pool) / 256)):
            found = model.encoder(pool.take(positions, where))
            features.append(found.values.mean(0).float())
            embedded.append(model.head(found).float())
    vectors = torch.cat(features)
    size = vectors.square().sum(1).mean().sqrt()
    spread = vectors.var(0, unbiased=False).sum().sqrt() / size if size > 0 else size
    return float(torch.cat(embedded).std(0).mean()), float(spread)
