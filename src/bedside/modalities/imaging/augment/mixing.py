"""Pairs of training images blended, the loss shared between both outcomes."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.distributions import Beta

from bedside.errors import StudyError
from bedside.modalities.imaging.augment.box import box
from bedside.modalities.imaging.batches import ImageTensors


@dataclass(frozen=True)
class MixUp:
    """Images averaged with those of a partner, one share for a batch (Zhang, Cissé, Dauphin and Lopez-Paz, ICLR 2018).

    Attributes:
        alpha: Of the symmetric beta distribution that the share is drawn from; 0 blends nothing.

    Raises:
        StudyError: `alpha` is negative or not finite.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        _check("MixUp", self.alpha)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return f"blended in pairs (MixUp, alpha {self.alpha:g})"

    def mix(self, batch: ImageTensors) -> tuple[ImageTensors, Int64[Tensor, " cases"], float]:
        """The blended batch, each case's partner, and the case's own share of the loss."""
        partner, share = _partners(len(batch.pixels), batch.pixels.device), _share(self.alpha)
        if share == 1.0:
            return batch, partner, share
        return batch._replace(pixels=torch.lerp(batch.pixels[partner], batch.pixels, share)), partner, share


@dataclass(frozen=True)
class CutMix:
    """A box of each image replaced by the partner's, as large as the partner's share (Yun et al., ICCV 2019).

    Attributes:
        alpha: Of the symmetric beta distribution that the share is drawn from; 0 replaces nothing.

    Raises:
        StudyError: `alpha` is negative or not finite.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        _check("CutMix", self.alpha)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return f"patched in pairs (CutMix, alpha {self.alpha:g})"

    def mix(self, batch: ImageTensors) -> tuple[ImageTensors, Int64[Tensor, " cases"], float]:
        """The patched batch, each case's partner, and the case's own share of the loss: of pixels it kept."""
        pixels = batch.pixels
        partner, share = _partners(len(pixels), pixels.device), _share(self.alpha)
        patch = box(torch.full((1,), 1.0 - share, device=pixels.device), tuple(pixels.shape[2:]))
        kept = 1.0 - float(patch.float().mean())
        if kept == 1.0:
            return batch, partner, kept
        return batch._replace(pixels=torch.where(patch[:, None], pixels[partner], pixels)), partner, kept


def _check(what: str, alpha: float) -> None:
    if not (math.isfinite(alpha) and alpha >= 0.0):
        msg = f"{what} was declared with alpha={alpha}; a finite number of at least 0 is allowed"
        raise StudyError(msg)


def _partners(cases: int, where: torch.device) -> Int64[Tensor, " cases"]:
    return torch.randperm(cases).to(where)


def _share(alpha: float) -> float:
    # Beta draws from torch's global generator of the CPU, wherever the images are.
    return float(Beta(alpha, alpha).sample()) if alpha else 1.0
