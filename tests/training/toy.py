"""A tiny trunk for tests of training: pictures of 4 by 4 numbers whose brightness tells the outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from tests.training.cohorts import endpoint
from torch import Tensor, nn

from bedside.data.sample import Sample
from bedside.endpoints.binary.head import BinaryHead
from bedside.networks.encoder import Encoder
from bedside.networks.features import Vector
from bedside.networks.range import Range
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.types import Floats, Json, PatientId, SampleId

BINARY = endpoint("binary")


class Pictures(NamedTuple):
    """Cases as tensors."""

    pixels: Tensor


@dataclass(frozen=True, eq=False)
class PictureBatches:
    """A whole partition in memory."""

    pixels: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, positions: Tensor, where: torch.device) -> Pictures:
        return Pictures(self.pixels[positions].to(where))


class PictureEncoder(Encoder[Pictures, Vector]):
    """A convolution (or a flat layer), batch normalisation and dropout where asked for."""

    def __init__(self, *, convolve: bool, normalise: bool, dropout: float) -> None:
        super().__init__()
        self.members, self.width = 1, 8
        first: list[nn.Module] = [nn.Conv2d(1, 8, 3), nn.Flatten(2)] if convolve else [nn.Flatten(), nn.Linear(16, 8)]
        self.first = nn.Sequential(*first)
        self.normalise = nn.BatchNorm1d(8) if normalise else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.seen: list[Tensor] = []

    def forward(self, batch: Pictures) -> Vector:
        self.seen.append(batch.pixels)
        values = self.first(batch.pixels)
        values = values.mean(2) if values.ndim == 3 else values
        return Vector(self.dropout(torch.relu(self.normalise(values)))[None])


@dataclass(frozen=True, eq=False)
class PreparedPictures:
    """Nothing is learned from development."""

    trunk: "ToyTrunk"

    def batches(self, predictors: Sequence[Floats]) -> PictureBatches:
        return PictureBatches(torch.tensor(np.stack(predictors), dtype=torch.float32)[:, None])

    def encoder(self, settings: Mapping[str, Any]) -> PictureEncoder:
        del settings
        trunk = self.trunk
        return PictureEncoder(convolve=trunk.convolve, normalise=trunk.normalise, dropout=trunk.dropout)

    def state(self) -> Json:
        return {}


@dataclass(frozen=True)
class ToyTrunk:
    """The modality's half."""

    convolve: bool = False
    normalise: bool = False
    dropout: float = 0.0
    space: Mapping[str, Range] = field(default_factory=dict)
    description: str = "one layer"

    def prepare(self, predictors: Sequence[Floats]) -> PreparedPictures:
        del predictors
        return PreparedPictures(self)

    def restore(self, state: Json) -> PreparedPictures:
        del state
        return PreparedPictures(self)


def pictures(n: int, *, seed: int = 0) -> list[Sample[Floats, bool]]:
    rng = np.random.default_rng(seed)
    found = []
    for k in range(n):
        ill = bool(rng.random() < 0.4)
        pixels = rng.normal(size=(4, 4)) + 0.4 * ill
        found.append(Sample(SampleId(str(k)), PatientId(str(k)), pixels, ill))
    return found


def network(loop: Loop, trunk: "ToyTrunk | None" = None, **options: Any) -> Network[Floats, float]:
    return Network(endpoint=BINARY, trunk=trunk or ToyTrunk(), head=BinaryHead, loop=loop, members=1, **options)


def fit(recipe: Network[Floats, float], *, cases: int = 48, seed: int = 3, **settings: float) -> tuple[Any, Any]:
    """Model and record, on as many development cases and half as many for selection."""
    samples = pictures(cases + cases // 2)
    return recipe.fit({**recipe.defaults, **settings}, samples[:cases], samples[cases:], seed=seed)


def weights(fitted: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in fitted.model.state_dict().items()}
