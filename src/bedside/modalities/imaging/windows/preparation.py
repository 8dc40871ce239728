"""Images at their own size with comparable grey values, fitted on development."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.cache import Shelf, identity, named
from bedside.modalities.imaging.image import Pixels, Readable
from bedside.modalities.imaging.intensity import ChannelScale, Moments, development_scale
from bedside.modalities.imaging.placing import uncut_placement
from bedside.modalities.imaging.pool import mapped
from bedside.modalities.imaging.shaped import uncut
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.types import Json

_SAMPLED = 1 << 14
"""Pixels of each development image that make the scale of all."""

_GOLDEN = (5**0.5 - 1) / 2


class Standing(NamedTuple):
    """One image at its own size.

    Attributes:
        pixels: Shape (channels, *size); uint8 where the image was and nothing asked for more, else float32.
        moments: What it is standardised by where each is by itself; else zeros.
        darkest: Smallest value of each channel, shape (channels,): what it is padded with.
        placement: Where its pixels lie in the image as it was read.
    """

    pixels: Pixels
    moments: Moments
    darkest: Pixels
    placement: Placement


class Standings:
    """Images of this process; where there are too many, those longest unused are prepared again when they are needed.

    Small ones are kept in memory. Large ones lie in files without a name and are mapped: a window reads what it needs
    of them, and memory holds no more volumes than there is room for.

    Attributes:
        large: Bytes from which an image is large.
    """

    def __init__(self, memory: int, disk: int, large: int) -> None:
        self.large = large
        self._small: Shelf[Standing] = Shelf(memory)
        self._mapped: Shelf[Standing] = Shelf(disk)

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self._small.held

    def get(self, key: bytes) -> Standing | None:
        """What lies under this key, if it is still here."""
        return self._small.get(key) or self._mapped.get(key)

    def put(self, key: bytes, made: Standing) -> Standing:
        """Keep an image, and give it as it is kept; raises OutputProblem where the disk has no room for a large one."""
        if made.pixels.nbytes < self.large:
            self._small.put(key, made)
            return made
        made = made._replace(pixels=mapped(made.pixels))
        self._mapped.put(key, made)
        return made

    def clear(self) -> None:
        """Forget all."""
        self._small.clear()
        self._mapped.clear()


SHELF = Standings(memory=1 << 28, disk=1 << 36, large=1 << 22)


@dataclass(frozen=True)
class WindowPreparation:
    """A fitted map from images to arrays of their own size.

    Attributes:
        plan: What was declared or chosen.
        scale: Limits, mean and spread of the channels in development; None where each image is scaled by itself.
    """

    plan: WindowPlan
    scale: ChannelScale | None

    @classmethod
    def fit(cls, plan: WindowPlan, predictors: Sequence[Readable]) -> "WindowPreparation":
        """Learn the scale from development images only.

        Raises:
            ModelError: There are no images, or a channel is constant.
            FileProblem: An image cannot be used.
        """
        if len(predictors) == 0:
            msg = "a preparation of images was given no development images; it needs at least one"
            raise ModelError(msg)
        if plan.image.scale == "image":
            return cls(plan, None)
        return cls(plan, development_scale(_Sampled(cls(plan, None), predictors), plan.image.clip))

    def standing(self, readable: Readable, key: bytes, place: int, count: int) -> Standing:
        """The image, from the shelf where it lies there.

        Args:
            readable: The image.
            key: What it lies under.
            place: Of how many it is which, for messages.
            count: How many there are.

        Raises:
            FileProblem: It cannot be used; the message tells which one and why.
        """
        found = SHELF.get(key)
        if found is None:
            try:
                image = readable.read()
                made = uncut(image, self.plan.image, scaled=False)
                where = uncut_placement(image, self.plan.image, scaled=False)
            except FileProblem as problem:
                raise named(problem, readable, place, count) from problem
            pixels = np.ascontiguousarray(made.pixels)
            found = Standing(pixels, made.moments, pixels.reshape(len(pixels), -1).min(axis=1), where)
            found = SHELF.put(key, found)
        return found

    def key(self, readable: Readable) -> bytes:
        """What an image of this plan lies under."""
        return b"window" + repr(self.plan.image).encode() + identity(readable)

    def moments(self, image: Standing) -> NDArray[np.float32]:
        """Low and high limit, centre and factor of each channel, shape (4, channels or 1)."""
        return image.moments[:, None] if self.scale is None else self.scale.moments[:, 0]

    def state(self) -> Json:
        """Everything that is needed to prepare further images, as JSON."""
        return {"plan": self.plan.state(), "scale": None if self.scale is None else self.scale.state()}

    @classmethod
    def from_state(cls, state: Json) -> "WindowPreparation":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        scale = given["scale"]
        return cls(WindowPlan.from_state(given["plan"]), None if scale is None else ChannelScale.from_state(scale))


class _Sampled:
    """As many pixels of every development image, whatever its size, spread over it without any rhythm."""

    def __init__(self, preparation: WindowPreparation, predictors: Sequence[Readable]) -> None:
        self.preparation, self.predictors = preparation, predictors
        kinds = [one.dtype for one in self]
        self.dtype: np.dtype[Any] = kinds[0] if len(set(kinds)) == 1 else np.dtype(np.float32)
        self.shape = (len(predictors), preparation.plan.image.channels, _SAMPLED)

    def __iter__(self) -> Iterator[Pixels]:
        places = np.arange(_SAMPLED) * _GOLDEN % 1.0
        for place, readable in enumerate(self.predictors):
            image = self.preparation.standing(readable, self.preparation.key(readable), place, len(self.predictors))
            flat = image.pixels.reshape(len(image.pixels), -1)
            yield flat[None, :, (places * flat.shape[1]).astype(np.int64)]
