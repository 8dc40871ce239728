"""How images that keep their own size are prepared, and how large the windows are in which a network sees them."""

from dataclasses import dataclass
from typing import cast

from bedside.errors import StudyError
from bedside.modalities.imaging.plan import ImagePlan
from bedside.types import Json


@dataclass(frozen=True)
class WindowPlan:
    """A plan of windows, declared or chosen from development images (`Derived`).

    Attributes:
        image: How images are prepared: channels, orientation, spacing, grey values. Its `size` is that of a window; no
            image is scaled, cut or padded to it. Without `spacing` an image keeps its own pixels.
        batch: Windows a step of training.
        chosen: What was chosen from development images and why, one sentence each.

    Raises:
        StudyError: The parts do not fit together.
    """

    image: ImagePlan
    batch: int = 2
    chosen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.batch < 1:
            msg = f"a plan of windows was declared with batch={self.batch!r}; allowed is 1 or more"
            raise StudyError(msg)
        if self.image.remove_hair:
            msg = (
                "a plan of windows was declared with remove_hair=True, which looks at images of one size; declare "
                "remove_hair=False, or prepare whole images (ImageTrunk)"
            )
            raise StudyError(msg)

    @property
    def patch(self) -> tuple[int, ...]:
        """Pixels of a window along each axis."""
        return self.image.size

    @property
    def description(self) -> str:
        """How images are prepared and seen, in part of a sentence for the methods section."""
        plan = self.image
        parts = [f"oriented {plan.orientation}"] if plan.orientation else []
        if plan.window:
            parts.append(f"windowed at centre {plan.window[0]:g} and width {plan.window[1]:g}")
        parts.append(f"resampled to {times(plan.spacing)} mm" if plan.spacing else "left at their own resolution")
        if plan.bias_field:
            parts.append("corrected for slow shading by a polynomial of log intensity")
        if plan.clip:
            parts.append(f"cut at percentiles {plan.clip[0]:g} and {plan.clip[1]:g}")
        whose = "each image" if plan.scale == "image" else "each channel in development"
        return (
            f"{', '.join(parts)}, standardised by the mean and standard deviation of {whose} and seen in windows of "
            f"{times(self.patch)} pixels (what is thinner is padded with its darkest value)"
        )

    def state(self) -> dict[str, Json]:
        """Everything declared or chosen, as JSON."""
        return {"image": self.image.state(), "batch": self.batch, "chosen": [*self.chosen]}

    @classmethod
    def from_state(cls, state: Json) -> "WindowPlan":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        chosen = cast("list[str]", given["chosen"])
        return cls(ImagePlan.from_state(given["image"]), cast("int", given["batch"]), tuple(chosen))


def times(numbers: tuple[float, ...]) -> str:
    """Numbers as printed ("40 x 56 x 40")."""
    return " x ".join(f"{number:g}" for number in numbers)
