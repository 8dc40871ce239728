"""What a study declares about its images before any is seen: size, channels, distances and grey values."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from bedside.errors import StudyError
from bedside.types import Json

Fit: TypeAlias = Literal["letterbox", "crop", "stretch"]
Scale: TypeAlias = Literal["development", "image"]

_AXES = ("RL", "AP", "SI")


@dataclass(frozen=True)
class ImagePlan:
    """How every image of a study is made alike.

    In this order: channels, orientation, window, hair, spacing or size, bias field, grey values.

    Attributes:
        size: Pixels along each spatial axis of what the network sees: two numbers for images, three for volumes.
        channels: 1 is grey, 3 is colour; other numbers are sequences of one examination.
        spacing: Millimetres between neighbours along each axis, in the order of `size`; the volume is then cut or
            padded around its centre to `size`. None scales to `size` instead.
        orientation: Where the axes of a volume point, as three letters of R/L, A/P, S/I ("RAS"); None leaves them.
        window: Centre and width of the values that are told apart, in the image's own unit (Hounsfield units of a
            CT: DICOM PS3.3 C.11.2.1.3.2, linear exact); None keeps all.
        clip: Percentiles at which values are cut before they are scaled; None cuts none.
        scale: Whose mean and spread become 0 and 1: those of each channel over "development", or of each "image"
            by itself, for scanners whose units are arbitrary (magnetic resonance).
        fit: Without `spacing`: "letterbox" shows all and pads, "crop" fills and cuts the longer side, both keeping
            the aspect; "stretch" does not keep it.
        convert: Whether grey is repeated where colour is declared, and colour reduced to luminance (ITU-R BT.601)
            where grey is; otherwise such an image is refused.
        enlarge: The most that an axis may be enlarged; a smaller image is refused.
        bias_field: Whether slow shading is divided out (`bias_field.py`).
        remove_hair: Whether dark hair is painted over (`hair.py`); colour images only.

    Raises:
        StudyError: The parts do not fit together.
    """

    size: tuple[int, ...]
    channels: int = 1
    spacing: tuple[float, ...] | None = None
    orientation: str | None = None
    window: tuple[float, float] | None = None
    clip: tuple[float, float] | None = (0.5, 99.5)
    scale: Scale = "development"
    fit: Fit = "letterbox"
    convert: bool = False
    enlarge: float = 8.0
    bias_field: bool = False
    remove_hair: bool = False

    def __post_init__(self) -> None:
        for name, allowed, fine in self._rules():
            if not fine:
                msg = f"an image plan was declared with {name}={getattr(self, name)!r}; allowed is {allowed}"
                raise StudyError(msg)

    def _rules(self) -> Iterator[tuple[str, str, bool]]:
        """Each part that can be wrong, what is allowed, and whether it is so; later rules build on earlier ones."""
        yield "size", "two or three whole numbers of at least 2", len(self.size) in (2, 3) and min(self.size) >= 2
        yield "channels", "1 for grey, 3 for colour, or the number of sequences", self.channels >= 1
        spacing, orientation, window, clip = self.spacing, self.orientation, self.window, self.clip
        fine = spacing is None or (len(spacing) == len(self.size) and all(map(_positive, spacing)))
        yield "spacing", f"None or {len(self.size)} positive numbers of millimetres", fine
        fine = orientation is None or (len(self.size) == 3 and _is_orientation(orientation))
        yield "orientation", 'None or, for volumes, one letter each of RL, AP and SI ("RAS")', fine
        fine = window is None or (math.isfinite(window[0]) and _positive(window[1]))
        yield "window", "None, or a finite centre and a positive width", fine
        yield "clip", "None or two rising percentiles", clip is None or 0.0 <= clip[0] < clip[1] <= 100.0
        yield "scale", f"one of {get_args(Scale)}", self.scale in get_args(Scale)
        yield "fit", f"one of {get_args(Fit)}", self.fit in get_args(Fit)
        yield "enlarge", "a finite number of at least 1", 1.0 <= self.enlarge < math.inf
        fine = not self.remove_hair or (self.channels == 3 and len(self.size) == 2)
        yield "remove_hair", "True for colour images only: channels=3 and a size of two numbers", fine

    @property
    def dimensions(self) -> int:
        """Two for images, three for volumes."""
        return len(self.size)

    @property
    def description(self) -> str:
        """How images are prepared, in part of a sentence for the methods section."""
        size = " x ".join(map(str, self.size))
        parts = [f"oriented {self.orientation}"] if self.orientation else []
        if self.window:
            parts.append(f"windowed at centre {self.window[0]:g} and width {self.window[1]:g}")
        if self.remove_hair:
            parts.append("cleared of hair by a black-hat filter and inpainting")
        if self.spacing:
            spacing = " x ".join(f"{each:g}" for each in self.spacing)
            parts.append(f"resampled to {spacing} mm and cut or padded to {size} pixels")
        else:
            how = {"letterbox": "padded", "crop": "cropped", "stretch": "stretched"}[self.fit]
            parts.append(f"scaled and {how} to {size} pixels")
        if self.bias_field:
            parts.append("corrected for slow shading by a polynomial of log intensity")
        if self.clip:
            parts.append(f"cut at percentiles {self.clip[0]:g} and {self.clip[1]:g}")
        whose = "each image" if self.scale == "image" else "each channel in development"
        return f"{', '.join(parts)} and standardised by the mean and standard deviation of {whose}"

    def state(self) -> dict[str, Json]:
        """Everything declared, as JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_state(cls, state: Json) -> "ImagePlan":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        declared: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
        return cls(**declared)


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _is_orientation(letters: str) -> bool:
    axes = [axis for letter in letters for axis in _AXES if letter in axis]
    return len(letters) == 3 and sorted(axes) == sorted(_AXES)
