"""How a call that cannot be answered is told so: an HTTP status and a FHIR OperationOutcome."""

import json

from starlette.responses import Response

from bedside.errors import CallRefused
from bedside.types import Json

FHIR_JSON = "application/fhir+json"


def operation_outcome(code: str, text: str) -> dict[str, Json]:
    """An OperationOutcome (FHIR R4) of one error; `text` must hold nothing of a patient."""
    issue: Json = {"severity": "error", "code": code, "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refusal(error: CallRefused) -> Response:
    """The answer to a call that was refused."""
    return outcome_response(error.status, error.code, str(error), error.headers)


def outcome_response(status: int, code: str, text: str, headers: dict[str, str] | None = None) -> Response:
    """An error with its OperationOutcome."""
    body = json.dumps(operation_outcome(code, text), ensure_ascii=False)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, FHIR_JSON)
