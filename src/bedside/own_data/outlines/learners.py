"""The learners that a study.toml of masks or boxes can name."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from bedside.comparators.atlas import MultiAtlas
from bedside.comparators.blobs import Blobs
from bedside.comparators.contours import ChanVese
from bedside.comparators.pixel_forest import PixelForest
from bedside.comparators.ridges import Frangi
from bedside.comparators.templates import Templates
from bedside.comparators.thresholds import Otsu
from bedside.endpoints.boxes.head import BoxHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.head import MaskHead
from bedside.errors import StudyError
from bedside.modalities.imaging.augment.augmentations import Augmentation, Augmentations
from bedside.modalities.imaging.augment.boxes import Enclosing
from bedside.modalities.imaging.augment.colour import ColourJitter
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.modalities.imaging.windows.follow import outlined
from bedside.modalities.imaging.windows.trunk import WindowTrunk
from bedside.modalities.tabular.column import nearest_name
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.fpn import FeaturePyramid
from bedside.networks.convolutional.unet import UNet
from bedside.own_data.images.declaration import TrainingPart
from bedside.own_data.images.plan import flip_axes_of
from bedside.own_data.outlines.declaration import BoxDeclaration, DrawnDeclaration, MaskDeclaration, WindowTrainingPart
from bedside.training.framed import Framed
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.training.windows import Windows

DrawnRecipe: TypeAlias = Recipe[Readable, Any, Any]
D = TypeVar("D", bound=DrawnDeclaration)
Make: TypeAlias = Callable[[Endpoint[Any, Any], D], DrawnRecipe]

MASK_MODEL, BOX_MODEL = "u_net", "detector"

_EPOCHS = 8
_WINDOWS = {2: 800, 3: 320}
"""Windows that a network looks at in a fit, those that it sees again counted again."""
_WIDTH = 0.5
"""Of the U-Net: a third of the work of the usual one, and hardly worse on few images."""
_LOOKS = 2_400
"""Images that a detector looks at in a fit."""
_PASSES = (6, 40)


def drawn_learner(name: str, endpoint: Endpoint[Any, Any], declared: DrawnDeclaration) -> Tuned[Readable, Any]:
    """The tuned learner of this name.

    Raises:
        StudyError: There is no such learner, or it cannot tell so many structures apart.
    """
    if isinstance(declared, MaskDeclaration):
        recipe = _made(_OF_MASKS, name)(endpoint, declared)
    else:
        recipe = _made(_OF_BOXES, name)(endpoint, declared)
    return Tuned(recipe, endpoint, trials=declared.study.trials)


def mask_comparators(structures: int, dimensions: int) -> tuple[str, ...]:
    """Those that can be had, from simple to complex."""
    simple = ("otsu",) if structures == 1 else ()
    return (*simple, *(("atlas",) if dimensions == 3 else ()), "pixel_forest")


def box_comparators() -> tuple[str, ...]:
    """From simple to complex."""
    return ("templates", "blobs")


def windows_for(images: int, dimensions: int) -> tuple[WindowTrainingPart, str]:
    """How long a network learns from windows of so many images, and why."""
    each = min(max(round(_WINDOWS[dimensions] / (_EPOCHS * max(1, images))), 1), 32)
    part = WindowTrainingPart(epochs=_EPOCHS, batch=4, per_image=each)
    return part, (
        f"training: at most {_EPOCHS} passes over {each} window(s) of each image, for a CPU; more under [training] is "
        "slower and usually better"
    )


def looks_for(images: int) -> tuple[TrainingPart, str]:
    """How long a detector learns from so many images, and why."""
    epochs = min(max(round(_LOOKS / max(1, images)), _PASSES[0]), _PASSES[1])
    part = TrainingPart(epochs=epochs, batch=8 if images >= 64 else 4)
    return part, f"training: at most {epochs} passes over the images, for a CPU; more under [training] may be better"


def _made(makers: "Mapping[str, Make[D]]", name: str) -> "Make[D]":
    if name not in makers:
        msg = f"there is no learner {name!r}; {nearest_name(name, makers)}"
        raise StudyError(msg)
    return makers[name]


def _u_net(endpoint: Endpoint[Any, Any], declared: MaskDeclaration) -> DrawnRecipe:
    part, training = declared.windows, declared.training
    place = Geometric(
        flips=flip_axes_of(part.flips, part.dimensions, part.orientation),
        rotate=15.0,
        scale=0.15,
        elastic=0.05,
        follow=outlined,
    )
    return Network(
        endpoint=endpoint,
        trunk=WindowTrunk(part.plan, Decoded(UNet(width=_WIDTH))),
        head=MaskHead,
        way=Windows(per_case=training.per_image),
        name=MASK_MODEL,
        label="U-Net",
        loop=Loop(epochs=training.epochs, schedule="cosine", ema=0.99, batch=training.batch),
        augment=_augmented(place, part.channels),
        members=1,
        chunk=8,
    )


def _detector(endpoint: Endpoint[Any, Any], declared: BoxDeclaration) -> DrawnRecipe:
    part, training = declared.plan, declared.training
    plan = part.plan
    place = Geometric(
        flips=flip_axes_of(part.flips, len(part.size), part.orientation),
        scale=0.15,
        shift=0.06,
        follow=Enclosing(plan.size),
    )
    return Network(
        endpoint=endpoint,
        trunk=ImageTrunk(plan, FeaturePyramid(backbone=Compact())),
        head=BoxHead,
        way=Framed(),
        name=BOX_MODEL,
        label="Detector",
        loop=Loop(epochs=training.epochs, schedule="cosine", ema=0.99, batch=training.batch),
        augment=_augmented(place, part.channels),
        members=1,
        chunk=8,
    )


def _augmented(place: Augmentation, channels: int) -> Augmentations:
    parts: Sequence[Augmentation] = (place, Intensity(brightness=0.15, contrast=0.2))
    colour = (ColourJitter(hue=8.0, saturation=0.15, cast=0.05),) if channels == 3 else ()
    return Augmentations((*parts, *colour))


def _of_windows(make: Callable[..., DrawnRecipe], endpoint: Endpoint[Any, Any], declared: MaskDeclaration) -> Any:  # noqa: ANN401 - any recipe
    return make(endpoint, declared.windows.plan)


def _of_plan(make: Callable[..., DrawnRecipe], endpoint: Endpoint[Any, Any], declared: BoxDeclaration) -> Any:  # noqa: ANN401 - any recipe
    return make(endpoint, declared.plan.plan)


_OF_MASKS: dict[str, Make[MaskDeclaration]] = {
    MASK_MODEL: _u_net,
    **{str(one.name): partial(_of_windows, one) for one in (Otsu, Frangi, ChanVese, MultiAtlas, PixelForest)},
}
_OF_BOXES: dict[str, Make[BoxDeclaration]] = {
    BOX_MODEL: _detector,
    **{str(one.name): partial(_of_plan, one) for one in (Templates, Blobs)},
}
