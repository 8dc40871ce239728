"""Which structures a comparator of outlines is to find, and a refusal where it cannot tell several apart."""

from typing import Any

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.target import Outlined
from bedside.errors import StudyError


def structures(endpoint: Endpoint[Any, Segmentation], learner: str) -> tuple[str, ...]:
    """Words of the structures, in the order of labels 1, 2 ...

    Raises:
        StudyError: The endpoint is of something else than outlines.
    """
    target = endpoint.target
    if not isinstance(target, Outlined):
        msg = f"{learner} outlines structures in images and the endpoint is {endpoint.name}; declare an endpoint `mask`"
        raise StudyError(msg)
    return target.structures


def only_structure(endpoint: Endpoint[Any, Segmentation], learner: str) -> str:
    """The word of the only structure.

    Raises:
        StudyError: There are several, or the endpoint is of something else than outlines.
    """
    names = structures(endpoint, learner)
    if len(names) > 1:
        msg = (
            f"{learner} divides an image into one structure and the rest, and {len(names)} structures are asked for "
            f"({', '.join(names)}); use pixel_forest or atlas, which tell them apart, or an endpoint of one structure"
        )
        raise StudyError(msg)
    return names[0]
