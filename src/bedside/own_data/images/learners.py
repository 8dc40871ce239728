"""The learners that a study.toml of images can name."""

from collections.abc import Callable
from typing import Any, TypeAlias

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.one_by_one import OneByOne
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.endpoints.ordinal.head import OrdinalHead
from bedside.errors import StudyError
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.modalities.tabular.column import nearest_name
from bedside.own_data.images.reduced import reduced_textures
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

ImageRecipe: TypeAlias = Recipe[Readable, Any, Any]
Make: TypeAlias = Callable[[Endpoint[Any, Any], ImagePlan, tuple[int, ...], int], ImageRecipe]

MODEL = "image_network"
COMPARATORS = ("support_vectors", "texture_boosting")
"""From simple to complex: the release rule reads the order."""

_HEADS: dict[str, HeadMaker[Any]] = {
    "binary": BinaryHead,
    "multiclass": MulticlassHead,
    "ordinal": OrdinalHead,
    "continuous": ContinuousHead,
    "multilabel": MultilabelHead,
}

_LOOKS = 8_000
"""Images that training looks at, those that it sees again counted again: minutes on a CPU."""
_EPOCHS = (10, 40)
_MANY = 600
"""Images from which a step takes 32 instead of 16."""


def image_learner(
    name: str, endpoint: Endpoint[Any, Any], plan: ImagePlan, flips: tuple[int, ...], *, images: int, trials: int
) -> Tuned[Readable, Any]:
    """The tuned learner of this name.

    Args:
        name: Of `MODEL` or one of `COMPARATORS`.
        endpoint: What is predicted.
        plan: How images are prepared.
        flips: Spatial axes along which training images may be mirrored.
        images: Of the study, to choose how long is trained.
        trials: Settings tried.

    Raises:
        StudyError: There is no such learner, or the network cannot take images of this size.
    """
    if name not in _MAKERS:
        msg = f"there is no learner {name!r}; {nearest_name(name, _MAKERS)}"
        raise StudyError(msg)
    return Tuned(_MAKERS[name](endpoint, plan, flips, images), endpoint, trials=trials)


def _network(endpoint: Endpoint[Any, Any], plan: ImagePlan, flips: tuple[int, ...], images: int) -> ImageRecipe:
    epochs = min(max(round(_LOOKS / images), _EPOCHS[0]), _EPOCHS[1])
    return Network(
        endpoint=endpoint,
        trunk=ImageTrunk(plan),
        head=_HEADS[endpoint.name],
        name=MODEL,
        label="Image network",
        loop=Loop(epochs=epochs, schedule="cosine", ema=0.99, batch=32 if images >= _MANY else 16),
        augment=standard(plan, flips=flips),
        chunk=256,
    )


def _each(endpoint: Endpoint[Any, Any], maker: Callable[[Endpoint[Any, Any]], ImageRecipe]) -> ImageRecipe:
    """One model, or one for each finding where several may coexist."""
    return OneByOne(endpoint, maker) if len(endpoint.target.questions) > 1 else maker(endpoint)


def _support_vectors(endpoint: Endpoint[Any, Any], plan: ImagePlan, flips: tuple[int, ...], images: int) -> ImageRecipe:
    del flips, images
    return _each(endpoint, lambda one: SupportVectorMachine(one, plan))


def _textures(endpoint: Endpoint[Any, Any], plan: ImagePlan, flips: tuple[int, ...], images: int) -> ImageRecipe:
    del flips, images
    textures = Textures(dimensions=plan.dimensions, channels=plan.channels)
    derivation = reduced_textures(textures, plan)

    def made(one: Endpoint[Any, Any]) -> ImageRecipe:
        return Derived(
            Boosting(one, textures.schema),
            derivation,
            name="texture_boosting",
            label="Gradient boosting on texture and shape",
        )

    return _each(endpoint, made)


_MAKERS: dict[str, Make] = {MODEL: _network, "support_vectors": _support_vectors, "texture_boosting": _textures}
