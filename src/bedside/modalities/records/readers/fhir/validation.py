"""The whole of the FHIR R4B specification, asked of each resource where that is wished: about half a millisecond."""

from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from bedside.modalities.records.readers.fhir.rows import Resource


def objection(resource: Resource) -> str | None:
    """What is wrong with a resource, by field and kind of error and without its content; None where it is valid."""
    model = _model(resource["resourceType"])
    if model is None:
        return "no such resource type in FHIR R4B"
    try:
        model.model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        known = set(model.model_fields)
        field = next((str(place) for place in first["loc"] if place in known), "resource")
        return f"{field}: {first['type']}"
    return None


@lru_cache
def _model(kind: str) -> Any:  # noqa: ANN401 - a class of fhir.resources, made at run time
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - slow to import, and only for validation

    try:
        return get_fhir_model_class(kind)
    except (LookupError, KeyError, ImportError, AttributeError):
        return None
