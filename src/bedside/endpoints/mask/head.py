"""The head of a network for outlined structures: a class for every pixel, compared at several resolutions."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.target import Outlined
from bedside.errors import ModelError, OutcomeProblem
from bedside.networks.head import Head
from bedside.networks.map_losses import IGNORED, MapLoss


class Mapped(Protocol):
    """Features that hold maps of an image, the finest first: what a head of one answer a pixel needs."""

    @property
    def maps(self) -> tuple[Float[Tensor, "cases width *size"], ...]:
        """Of equal width; the first of the image's own size."""
        ...


class MaskHead(Head[Mapped, Delineated, Segmentation]):
    """One linear layer from every pixel's features to its classes, shared by all resolutions (deep supervision).

    While training the coarser maps are classified as well, enlarged, and weighted half as much as the next finer ones
    (Lee et al., AISTATS 2015, as in nnU-Net). Probabilities of pixels are not recalibrated by the network's learner:
    what becomes of them is the endpoint's finishing.
    """

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int, *, loss: MapLoss | None = None) -> None:
        """Make a head.

        Args:
            endpoint: Its structures.
            width: Features a pixel.
            members: How many members share a pass: 1.
            loss: Dice and log loss when None.

        Raises:
            ModelError: The endpoint has no structures, or several members are asked for.
        """
        super().__init__()
        if members != 1:
            msg = (
                f"a head for outlines was given an encoder of {members} members in one pass; one is allowed: pool "
                "networks of different seeds instead (`members` of Network)"
            )
            raise ModelError(msg)
        target = endpoint.target
        if not isinstance(target, Outlined):
            msg = f"a head for outlines needs an endpoint of structures (`mask`), not a {endpoint.name} one"
            raise ModelError(msg)
        self.structures = target.structures
        self.of_map = loss or MapLoss()
        self.weight = nn.Parameter(torch.randn(1 + len(self.structures), width) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(1 + len(self.structures)))

    def adapt(self, outcomes: Sequence[Delineated]) -> None:
        """Start at the share of pixels that each class has in development, each counted as one pixel more.

        Raises:
            ModelError: Nothing is drawn in any outcome, or nothing but one structure.
            OutcomeProblem: A label beyond the structures.
        """
        counts = np.zeros(len(self.bias), dtype=np.int64)
        for outcome in outcomes:
            labels = self._labels(outcome.read())
            counts += np.bincount(labels.ravel(), minlength=256)[: len(counts)]
        if (counts > 0).sum() < 2:
            msg = (
                f"a network for the structures {list(self.structures)} cannot be fitted: all judged pixels of the "
                f"{len(outcomes)} development outcomes are of one class; use cases in which something is drawn"
            )
            raise ModelError(msg)
        shares = (counts + 1.0) / (counts + 1.0).sum()
        with torch.no_grad():
            self.bias.copy_(torch.from_numpy(np.log(shares)))

    def targets(self, outcomes: Sequence[Delineated]) -> UInt8[Tensor, "cases 1 *size"]:
        """Class numbers of outcomes of one size, 255 where a pixel is not judged.

        Raises:
            ModelError: Sizes differ: such outcomes are taken in windows.
            OutcomeProblem: A label beyond the structures.
        """
        labels = [self._labels(outcome.read()) for outcome in outcomes]
        sizes = sorted({one.shape for one in labels})
        if len(sizes) > 1:
            msg = (
                f"outlines of {len(sizes)} sizes (the first {sizes[0]} and {sizes[1]}) cannot be learned as whole "
                "images; prepare them to one size, or let the network see windows of them (way=Windows())"
            )
            raise ModelError(msg)
        return torch.from_numpy(np.stack(labels)[:, None])

    def forward(self, features: Mapped) -> Float[Tensor, "cases levels classes *size"]:
        """Logits of every pixel; more than one level only while training."""
        finest = self._classified(features.maps[0])
        if not self.training:
            return finest.unsqueeze(1)
        coarser = [
            functional.interpolate(self._classified(one), size=finest.shape[2:], mode="nearest")
            for one in features.maps[1:]
        ]
        return torch.stack([finest, *coarser], dim=1)

    def loss(
        self, outputs: Float[Tensor, "cases levels classes *size"], targets: UInt8[Tensor, "cases 1 *size"]
    ) -> Float[Tensor, ""]:
        """The loss of every level, each weighted half as much as the next finer one."""
        levels = outputs.shape[1]
        total = sum(0.5**level for level in range(levels))
        losses = [self.of_map(outputs[:, level], targets[:, 0]) * (0.5**level / total) for level in range(levels)]
        return torch.stack(losses).sum()

    def shares(self, outputs: Float[Tensor, "cases levels classes *size"]) -> Float[Tensor, "cases classes *size"]:
        """Probabilities of the classes at the finest level."""
        return outputs[:, 0].softmax(dim=1)

    def scores(self, outputs: Float[Tensor, "cases levels classes *size"]) -> Float[Tensor, "cases 1 classes"]:
        """For each class the mean over pixels of how far its logit lies above that of the background."""
        finest = outputs[:, :1]
        return (finest - finest[:, :, :1]).flatten(3).mean(dim=3)

    def decode(self, outputs: NDArray[np.float32]) -> list[Segmentation]:
        """Probabilities, shape (cases, classes, *size), or raw outputs of one level, to predictions.

        What structures leave is the background's: where windows were blended it may be all.
        """
        if outputs.shape[1] == 1:
            outputs = softmax(outputs[:, 0], axis=1)
        found = []
        for one in outputs:
            whole = np.clip(one, 0.0, 1.0)
            total = whole[1:].sum(axis=0)
            if total.max() > 1.0:
                whole[1:] /= np.maximum(total, 1.0)
                total = whole[1:].sum(axis=0)
            np.maximum(1.0 - total, 0.0, out=whole[0])
            found.append(Segmentation.of(whole))
        return found

    def _classified(self, maps: Float[Tensor, "cases width *size"]) -> Float[Tensor, "cases classes *size"]:
        return functional.linear(maps.movedim(1, -1), self.weight, self.bias).movedim(-1, 1)

    def _labels(self, mask: Mask) -> NDArray[np.uint8]:
        """Labels, 255 where nothing is judged."""
        judged = mask.labels if mask.judged is None else mask.labels[mask.judged]
        if judged.size and judged.max() > len(self.structures):
            msg = (
                f"an outline holds the label {int(judged.max())}; allowed are 0 (background) to "
                f"{len(self.structures)}, the number of structures: check the labels of the file"
            )
            raise OutcomeProblem(msg)
        return mask.labels if mask.judged is None else np.where(mask.judged, mask.labels, np.uint8(IGNORED))
