"""From a body to a message, or to a refusal that says which field is wrong and repeats nothing of it."""

from collections.abc import Mapping
from re import compile as pattern
from typing import Any, TypeVar

from pydantic import ValidationError

from bedside.errors import CallRefused
from bedside.serve.hooks.messages import Call, Received

M = TypeVar("M", bound=Received)

FHIR_ID = pattern(r"[A-Za-z0-9\-.]{1,64}")
"""Of a resource: nothing else can become part of an address."""

PATIENT_HOOK = ("userId", "patientId")
CONTEXTS: Mapping[str, tuple[str, ...]] = {
    "patient-view": PATIENT_HOOK,
    "order-select": (*PATIENT_HOOK, "selections", "draftOrders"),
    "order-sign": (*PATIENT_HOOK, "draftOrders"),
    "order-dispatch": ("patientId",),
    "appointment-book": (*PATIENT_HOOK, "appointments"),
    "encounter-start": (*PATIENT_HOOK, "encounterId"),
    "encounter-discharge": (*PATIENT_HOOK, "encounterId"),
}
"""Fields that a hook's context must have, of the hooks that HL7 publishes; any other hook needs a patient."""


def read(kind: type[M], body: Mapping[str, Any]) -> M:
    """The message in a body.

    Raises:
        CallRefused: 400, naming the first field that is wrong.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        path = [str(part) for part in first["loc"]]
        where = ".".join(path[:1] if path[:1] == ["prefetch"] else path)  # below it stand the caller's own words
        msg = f"{where or 'the body'}: {first['msg']}"
        raise CallRefused(400, "required" if first["type"] == "missing" else "invalid", msg) from None


def read_call(body: Mapping[str, Any], hook: str) -> Call:
    """The call of a service that answers at `hook`.

    Raises:
        CallRefused: 400 where a field is missing or wrong, or the hook is another.
    """
    call = read(Call, body)
    if call.hook != hook:
        msg = f"hook: this service answers at {hook}, and was called at another hook"
        raise CallRefused(400, "invalid", msg)
    for name in CONTEXTS.get(hook, ("patientId",)):
        if not call.context.get(name):
            msg = f"context.{name}: required at {hook}, and missing or empty"
            raise CallRefused(400, "required", msg)
    patient = call.context["patientId"]
    if not isinstance(patient, str) or not FHIR_ID.fullmatch(patient):
        msg = "context.patientId: must be the id of a FHIR Patient (letters, digits, - and ., at most 64)"
        raise CallRefused(400, "value", msg)
    return call
