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
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.modalities.tabular.column import nearest_name
from bedside.own_data.images.declaration import ImageDeclaration, TrainingPart
from bedside.own_data.images.plan import flip_axes
from bedside.own_data.images.reduced import reduced_textures
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

ImageRecipe: TypeAlias = Recipe[Readable, Any, Any]
Make: TypeAlias = Callable[[Endpoint[Any, Any], ImageDeclaration], ImageRecipe]

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


def image_learner(name: str, endpoint: Endpoint[Any, Any], declared: ImageDeclaration) -> Tuned[Readable, Any]:
    """The tuned learner of this name: `MODEL` or one of `COMPARATORS`.

    Raises:
        StudyError: There is no such learner, or the network cannot take images of this size.
    """
    if name not in _MAKERS:
        msg = f"there is no learner {name!r}; {nearest_name(name, _MAKERS)}"
        raise StudyError(msg)
    return Tuned(_MAKERS[name](endpoint, declared), endpoint, trials=declared.study.trials)


def training_for(images: int) -> tuple[TrainingPart, str]:
    """How long a network learns from so many images, and why."""
    epochs = min(max(round(_LOOKS / images), _EPOCHS[0]), _EPOCHS[1])
    part = TrainingPart(epochs=epochs, batch=32 if images >= _MANY else 16)
    return part, f"training: at most {epochs} passes over the images, for a CPU; more under [training] may be better"


def _network(endpoint: Endpoint[Any, Any], declared: ImageDeclaration) -> ImageRecipe:
    plan, training = declared.plan.plan, declared.training
    return Network(
        endpoint=endpoint,
        trunk=ImageTrunk(plan),
        head=_HEADS[endpoint.name],
        name=MODEL,
        label="Image network",
        loop=Loop(epochs=training.epochs, schedule="cosine", ema=0.99, batch=training.batch),
        augment=standard(plan, flips=flip_axes(declared.plan)),
        chunk=256,
    )


def _each(endpoint: Endpoint[Any, Any], maker: Callable[[Endpoint[Any, Any]], ImageRecipe]) -> ImageRecipe:
    """One model, or one for each finding where several may coexist."""
    return OneByOne(endpoint, maker) if len(endpoint.target.questions) > 1 else maker(endpoint)


def _support_vectors(endpoint: Endpoint[Any, Any], declared: ImageDeclaration) -> ImageRecipe:
    plan = declared.plan.plan
    return _each(endpoint, lambda one: SupportVectorMachine(one, plan))


def _textures(endpoint: Endpoint[Any, Any], declared: ImageDeclaration) -> ImageRecipe:
    plan = declared.plan.plan
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
