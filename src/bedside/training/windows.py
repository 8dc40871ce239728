"""Images larger than what a network sees at once: learned from windows of them, and answered window by window."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor, device

from bedside.data.placement import Placed, Placement
from bedside.data.sample import Sample
from bedside.errors import ModelError
from bedside.modalities.imaging.augment.left_behind import refuse_left_behind, refuse_mixed
from bedside.modalities.imaging.augment.spaced import spaced
from bedside.networks.encoder import Prepared
from bedside.networks.map_losses import IGNORED
from bedside.training.checkpoint import content, plain
from bedside.training.feed import Augment, Fed, Mixing, Views
from bedside.training.layout import arranged, layouts
from bedside.training.model import Model
from bedside.training.way import Asked

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)

Start = tuple[int, ...]

_SPOTS = 10_000
"""Places of a structure that are remembered of a case; more of them would tell nothing new."""

_SHARPNESS = 8
"""Widths of the Gaussian in a window, as nnU-Net has it."""


class Drawn(Protocol):
    """An outcome that is drawn in an image, perhaps in a file of its own."""

    def read(self) -> Placed:
        """What is drawn."""
        ...


@runtime_checkable
class Windowed(Protocol[B_co]):
    """Cases of a partition that can be seen in windows.

    Attributes:
        patch: Pixels of a window along each axis.
        batch: Windows a step that there is room for.
    """

    patch: tuple[int, ...]
    batch: int

    def __len__(self) -> int: ...

    def size(self, place: int) -> tuple[int, ...]:
        """Pixels of a prepared image along each axis."""
        ...

    def placement(self, place: int) -> Placement:
        """Where a prepared image lies in the image as it was read."""
        ...

    def windows(self, places: Sequence[int], starts: Sequence[Start], where: device) -> B_co:
        """Windows of these images that begin at these pixels, on a device."""
        ...

    def take(self, positions: Tensor, where: device) -> B_co:
        """One window of each of these images."""
        ...


@runtime_checkable
class Spaced(Protocol):
    """What is prepared at a known distance between pixels.

    Attributes:
        spacing: Millimetres along each axis; None where images keep their own.
    """

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The attribute."""
        ...


@runtime_checkable
class Returning(Protocol):
    """Views whose maps can be brought back onto the image."""

    def back(self, maps: Tensor, look: int) -> Tensor:
        """Maps that were made of one look, as they lie on the image."""
        ...


@dataclass(frozen=True)
class Windows:
    """A way for heads that answer for every pixel: random windows in training, overlapping ones in prediction.

    A prediction is made of one image at a time, so that it is the same alone as in company, and needs memory for one
    image, however many there are. Windows are blended by a Gaussian that is least at their borders.

    Attributes:
        per_case: Windows drawn of each case and epoch.
        foreground: Share of them that lie about a pixel of a structure, each structure of the case alike.
        overlap: Share of a window that its neighbour covers again.

    Raises:
        ModelError: A number is out of its range.
    """

    per_case: int = 2
    foreground: float = 1 / 3
    overlap: float = 0.5

    def __post_init__(self) -> None:
        rules = (
            ("per_case", self.per_case >= 1, "1 or more"),
            ("foreground", 0.0 <= self.foreground <= 1.0, "from 0 to 1"),
            ("overlap", 0.0 <= self.overlap <= 0.9, "from 0 to .9"),
        )
        for name, holds, allowed in rules:
            if not holds:
                msg = f"windows were declared with {name}={getattr(self, name)!r}; it must be {allowed}"
                raise ModelError(msg)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        return (
            f"It learned from {self.per_case} random windows of each case and epoch, {self.foreground:.0%} of them "
            "about a pixel of a structure, every structure alike; predictions are means over windows that overlap by "
            f"{self.overlap:.0%}, weighted by a Gaussian about their centres, on the image's own grid."
        )

    def feed(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        samples: Sequence[Sample[Any, Any]],
        augment: "Augment[Any] | None",
        mixing: "Mixing[Any] | None",
    ) -> "WindowSupply[Any]":
        """Development samples as random windows; what is turned keeps its form where pixels are longer along an axis.

        Raises:
            ModelError: The trunk does not cut windows, augmentation would move images and leave labels behind, or
                images would be mixed otherwise than pixel by pixel.
            FileProblem: A case cannot be used.
            OutcomeProblem: An outline does not fit its image.
        """
        refuse_left_behind(augment, "outlined")
        refuse_mixed(mixing, blended=True)
        cases = _windowed(prepared, [sample.predictors for sample in samples])
        outlines = [_outline(model, sample.outcome, cases.placement(k)) for k, sample in enumerate(samples)]
        known = prepared.spacing if isinstance(prepared, Spaced) else None
        return WindowSupply(cases, outlines, self, spaced(augment, known), mixing)

    def asked(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        predictors: Sequence[Any],
        *,
        chunk: int,
        views: "Views[Any] | None" = None,
    ) -> "Asked[Any]":
        """Predictions image by image, `chunk` windows at a time; looks are pooled window by window.

        Raises:
            ModelError: The trunk does not cut windows, or maps of the views cannot be brought back.
        """
        if views is not None and not isinstance(views, Returning):
            msg = (
                f"predictions in windows cannot be pooled over these views ({views.description}), because maps cannot "
                "be brought back onto the image; declare Mirrored(axes), or none"
            )
            raise ModelError(msg)
        cases, wanted = _windowed(prepared, predictors), layouts(model)

        def shares(batch: Any) -> Tensor:  # noqa: ANN401 - any batch
            outputs: Tensor = model.head(model.encoder(arranged(batch, wanted)))
            found: Tensor = cast("Any", model.head).shares(outputs.float())
            return found

        def seen(batch: Any) -> Tensor:  # noqa: ANN401 - any batch
            if views is None:
                return shares(batch)
            looks = [cast("Returning", views).back(shares(one), look) for look, one in enumerate(views(batch))]
            return torch.stack(looks).mean(dim=0)

        def ask() -> "list[list[Any]] | None":
            told: list[Any] = []
            where, training = next(model.parameters()).device, model.training
            model.eval()
            try:
                with torch.inference_mode():
                    for place in range(len(cases)):
                        found = self._blended(seen, cases, place, chunk, where).cpu().numpy()
                        if not np.isfinite(found).all():
                            return None
                        placement = cases.placement(place)
                        still = placement == Placement.still(placement.before)
                        told += model.head.decode((found if still else placement.back(found))[None])
            finally:
                model.train(training)
            return [told]

        return ask

    def _blended(
        self, seen: Callable[[Any], Tensor], cases: Windowed[Any], place: int, chunk: int, where: device
    ) -> Float[Tensor, " classes *size"]:
        """Probabilities of every pixel of one prepared image."""
        axes = [Axis.of(n, side, self.overlap) for n, side in zip(cases.size(place), cases.patch, strict=True)]
        bell = _outer([axis.bell for axis in axes]).to(where)
        starts = list(itertools.product(*(axis.starts for axis in axes)))
        total: Tensor | None = None
        for first in range(0, len(starts), chunk):
            part = starts[first : first + chunk]
            found = seen(cases.windows([place] * len(part), part, where))
            if total is None:
                total = torch.zeros(found.shape[1], *(axis.whole for axis in axes), device=where)
            for one, start in zip(found, part, strict=True):
                here = tuple(slice(a + axis.before, a + axis.before + axis.side)
                             for a, axis in zip(start, axes, strict=True))  # fmt: skip
                total[(slice(None), *here)].addcmul_(one, bell)
        shown = tuple(slice(axis.before, axis.before + axis.length) for axis in axes)
        blended = cast("Tensor", total)[(slice(None), *shown)]
        # Windows and their weights are products over axes, and so is the sum of the weights.
        for number, axis in enumerate(axes):
            weight = axis.weight[shown[number]].to(where)
            blended /= weight.reshape(-1, *(1 for _ in axes[number + 1 :]))
        return blended


@dataclass(frozen=True, eq=False)
class Axis:
    """Windows along one axis of an image.

    Attributes:
        length: Pixels of the image.
        side: Pixels of a window.
        starts: Where windows begin; a single negative one where the image is thinner.
        bell: Weight of each pixel of a window, shape (side,); 1 where there is one window only.
    """

    length: int
    side: int
    starts: tuple[int, ...]
    bell: Float[Tensor, " side"]

    @classmethod
    def of(cls, length: int, side: int, overlap: float) -> "Axis":
        """As few windows as overlap so much, evenly spread."""
        if length <= side:
            return cls(length, side, ((length - side) // 2,), torch.ones(side))
        count = math.ceil((length - side) / max(1.0, side * (1.0 - overlap))) + 1
        starts = tuple(round(k * (length - side) / (count - 1)) for k in range(count))
        places = (torch.arange(side) - (side - 1) / 2) * (_SHARPNESS / side)
        return cls(length, side, starts, torch.exp(-0.5 * places**2))

    @property
    def whole(self) -> int:
        """Pixels of the image with its padding."""
        return max(self.length, self.side)

    @property
    def before(self) -> int:
        """Pixels of padding before the image."""
        return -min(0, self.starts[0])

    @property
    def weight(self) -> Float[Tensor, " whole"]:
        """Sum of the weights of all windows."""
        total = torch.zeros(self.whole)
        for start in self.starts:
            total[start + self.before :][: self.side] += self.bell
        return total


class WindowSupply(Generic[B]):
    """Random windows of development with their labels; drawn from torch's global generator only.

    Attributes:
        cases: The images.
        outlines: Labels of each on its prepared grid, uint8; 255 where nothing is known.
        way: How windows are drawn.
        augment: Done to every batch; None for nothing.
        mixing: Done after it; None for nothing.
    """

    def __init__(
        self,
        cases: Windowed[B],
        outlines: Sequence[NDArray[np.uint8]],
        way: Windows,
        augment: "Augment[B] | None" = None,
        mixing: "Mixing[B] | None" = None,
    ) -> None:
        self.cases, self.outlines, self.way, self.augment, self.mixing = cases, outlines, way, augment, mixing
        self.spots = [_spots(labels) for labels in outlines]

    @property
    def batch(self) -> int:
        """Windows a step that there is room for."""
        return self.cases.batch

    def __len__(self) -> int:
        return len(self.cases) * self.way.per_case

    def take(self, positions: Int64[Tensor, " windows"], where: device) -> Fed[B]:
        """A random window for each of these positions, augmented and mixed, on a device."""
        places = (positions // self.way.per_case).tolist()
        chances = torch.rand(len(places), 3 + len(self.cases.patch)).tolist()
        starts = [self._start(place, row) for place, row in zip(places, chances, strict=True)]
        batch = self.cases.windows(places, starts, where)
        targets = self._labels(places, starts).to(where)
        if self.augment is not None:
            batch, targets = self.augment(batch, targets)
        if self.mixing is None:
            return Fed(batch, targets)
        batch, partner, share = self.mixing.mix(batch)
        return Fed(batch, targets, partner, share)

    def identity(self) -> Iterator[bytes]:
        """What is done to windows, and all labels."""
        parts = (self.way, self.augment, self.mixing)
        yield plain([part.description if part is not None else "" for part in parts])
        for labels in self.outlines:
            yield from content({str(labels.shape): torch.from_numpy(labels)})

    def _start(self, place: int, chances: Sequence[float]) -> Start:
        """Where a window of a case begins: anywhere, or about a pixel of a structure."""
        size, patch, spots = self.outlines[place].shape, self.cases.patch, self.spots[place]
        about, which, there, *along = chances
        if spots and about < self.way.foreground:
            chosen = spots[int(which * len(spots))]
            spot = np.unravel_index(int(chosen[int(there * len(chosen))]), size)
            # In the middle half of the window, so that no place in it is the structure's own.
            each = zip(spot, patch, along, strict=True)
            wanted = [int(c) - side // 2 + round((u - 0.5) * side / 2) for c, side, u in each]
        else:
            wanted = [int(u * max(1, n - side + 1)) for u, n, side in zip(along, size, patch, strict=True)]
        return tuple(
            min(max(first, 0), n - side) if n > side else (n - side) // 2
            for first, n, side in zip(wanted, size, patch, strict=True)
        )

    def _labels(self, places: Sequence[int], starts: Sequence[Start]) -> Tensor:
        """Labels of windows, shape (windows, 1, *patch); 255 beyond the image."""
        patch = self.cases.patch
        found = np.full((len(places), 1, *patch), IGNORED, dtype=np.uint8)
        for row, place, start in zip(found[:, 0], places, starts, strict=True):
            labels = self.outlines[place]
            before = [max(0, -first) for first in start]
            shown = tuple(slice(max(0, a), a + side) for a, side in zip(start, patch, strict=True))
            taken = labels[shown]
            row[tuple(slice(b, b + n) for b, n in zip(before, taken.shape, strict=True))] = taken
        return torch.from_numpy(found)


def _windowed(prepared: Prepared[Any, Any], predictors: Sequence[Any]) -> Windowed[Any]:
    """The cases of a trunk that cuts windows; raises ModelError for another one."""
    cases: Any = prepared.batches(predictors)
    if not isinstance(cases, Windowed):
        msg = (
            f"a network was to see its cases in windows (way=Windows()), and its trunk gives {type(cases).__name__}, "
            "which are taken whole; give it a trunk that cuts windows (WindowTrunk), or leave `way` out"
        )
        raise ModelError(msg)
    return cases


def _outline(model: Model[Any], outcome: Drawn, placement: Placement) -> NDArray[np.uint8]:
    """Labels on the prepared grid, 255 where nothing is known."""
    labels: NDArray[np.uint8] = model.head.targets([outcome.read().placed(placement)])[0, 0].numpy()
    if placement == Placement.still(placement.before):
        return labels
    inside = placement.labels(np.ones(placement.before, dtype=np.bool_))
    return np.where(inside, labels, np.uint8(IGNORED))


def _spots(labels: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Where each structure of a case lies: at most so many places of it, evenly spread, in the flattened image."""
    found = []
    for label in np.unique(labels):
        if label not in (0, IGNORED):
            places = np.flatnonzero(labels == label)
            kept = np.linspace(0, len(places) - 1, min(len(places), _SPOTS)).round().astype(np.int64)
            found.append(places[kept])
    return found


def _outer(axes: Sequence[Tensor]) -> Tensor:
    """The product of one weight an axis."""
    found = torch.ones(())
    for one in axes:
        found = found.unsqueeze(-1) * one
    return found
