"""Messages have the form of the specification, by its examples and by its rules; words are whole people."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.serve.hooks.conftest import PATIENT, Running, a_call, bundle, lactate, patient

from bedside.errors import CallRefused
from bedside.serve.hooks.gathering import another_patient
from bedside.serve.hooks.messages import Action, Call, Card, Coding, Feedbacks, Link, Reason, Source, Suggestion
from bedside.serve.hooks.reading import read, read_call
from bedside.serve.hooks.wording import between, in_people, listed, plain, shortened

STRINGS = {
    "Service": ("hook", "title", "description", "id", "usageRequirements", "version"),
    "Card": ("uuid", "summary", "detail", "indicator", "selectionBehavior"),
    "Source": ("label", "url", "icon"),
    "Suggestion": ("label", "uuid", "actionSelectionBehavior"),
    "Action": ("type", "description", "resourceId"),
    "Link": ("label", "url", "type", "appContext"),
    "Coding": ("system", "code", "display"),
    "Reason": ("system", "code", "display"),
}
REQUIRED = {
    "Service": {"hook", "description", "id"},
    "Card": {"summary", "indicator", "source"},
    "Source": {"label"},
    "Suggestion": {"label"},
    "Action": {"type", "description"},
    "Link": {"label", "url", "type"},
    "Coding": {"system", "code"},
    "Reason": {"system", "code", "display"},
}


def test_every_message_has_the_elements_and_types_of_the_specification(service: Running) -> None:
    schemas = service.http.get("/openapi.json").json()["components"]["schemas"]
    for kind, names in STRINGS.items():
        fields = schemas[kind]["properties"]
        assert set(schemas[kind]["required"]) >= REQUIRED[kind]
        for name in names:
            kinds = {one.get("type") for one in fields[name].get("anyOf", [fields[name]])}
            assert kinds <= {"string", "null"}, (kind, name)
    assert {"boolean", "null"} >= {one["type"] for one in schemas["Suggestion"]["properties"]["isRecommended"]["anyOf"]}
    assert schemas["Link"]["properties"]["type"]["enum"] == ["absolute", "smart"]
    for kind, name in (("Card", "overrideReasons"), ("Card", "links"), ("Card", "suggestions")):
        assert schemas[kind]["properties"][name]["anyOf"][0]["type"] == "array"
    assert schemas["Suggestion"]["properties"]["actions"]["type"] == "array"


def empty(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or value in ("", [], {}) or any(map(empty, inside))


def test_no_message_holds_null_or_empty_elements(service: Running) -> None:
    assert not empty(service.get("/cds-services").json())
    for sent in (bundle(lactate()), None):
        assert not empty(service.post(a_call(prefetch={"patient": patient(), "lactate": sent})).json())


ALLOWED = re.compile(r"(Patient/\{\{context\.patientId\}\}|[A-Z]\w+\?patient=\{\{context\.patientId\}\}(&[^{}]*)?)")


def test_prefetch_templates_keep_to_what_clients_must_support(service: Running) -> None:
    (told,) = service.get("/cds-services").json()["services"]
    for template in told["prefetch"].values():
        assert ALLOWED.fullmatch(template), template
        names = {part.partition("=")[0] for part in template.partition("?")[2].split("&") if part}
        assert names <= {"patient", "code", "date", "_count", "_sort", "category", "status"}, template


SOURCE = Source(label="x")
CREATE = Action(type="create", description="x", resource={"resourceType": "Task"})
SUGGESTION = Suggestion(label="x", uuid="x", actions=(CREATE,))


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Card, {"summary": "x" * 140}),
        (Card, {"summary": ""}),
        (Card, {"indicator": "urgent"}),
        (Card, {"source": None}),
        (Card, {"suggestions": (SUGGESTION,)}),
        (Card, {"selection_behavior": "any"}),
        (Card, {"suggestions": (SUGGESTION,), "selection_behavior": "all"}),
        (Card, {"override_reasons": ()}),
        (Link, {"label": "x", "url": "x", "type": "absolute", "app_context": "x"}),
        (Link, {"label": "x", "url": "x", "type": "relative"}),
        (Action, {"type": "create", "description": "x"}),
        (Action, {"type": "delete", "description": "x", "resource": {"id": "x"}}),
        (Action, {"type": "delete", "description": "x"}),
        (Action, {"type": "upsert", "description": "x", "resource": {"id": "x"}}),
        (Reason, {"system": "x", "code": "x"}),
        (Coding, {"system": "x"}),
    ],
)
def test_a_message_that_the_specification_forbids_cannot_be_made(kind: type[Any], fields: dict[str, Any]) -> None:
    right = {"uuid": "x", "summary": "x", "indicator": "info", "source": SOURCE} if kind is Card else {}
    with pytest.raises(ValidationError):
        kind(**(right | fields))


def example(public_data: Path, name: str) -> Any:
    return json.loads((public_data / "cds_hooks" / "hl7-spec" / "examples" / name).read_text("utf-8"))


def test_calls_of_the_specification_are_read(public_data: Path) -> None:
    call = read_call(example(public_data, "02-example.json"), "patient-view")
    assert call.context["patientId"] == "1288992"
    assert call.fhir_authorization is not None
    assert not another_patient(call.prefetch["patientToGreet"] or {}, "1288992")
    assert read(Call, example(public_data, "04-example-of-pagination-in-prefetch.json")).hook == "order-sign"
    with pytest.raises(CallRefused, match=r"context\.patientId"):
        read_call(example(public_data, "29-extensions.json"), "patient-view")


@pytest.mark.parametrize(
    "number", ["22-example-suggestion-accepted", "23-example-overridden-guidance-without-overridereason"]
)
def test_feedback_of_the_specification_is_read(public_data: Path, number: str) -> None:
    assert len(read(Feedbacks, example(public_data, f"{number}.json")).feedback) == 1


def test_calls_of_the_test_kit_are_read(public_data: Path) -> None:
    fixtures = sorted((public_data / "cds_hooks" / "inferno-crd" / "fixtures").glob("*_hook_request.json"))
    assert fixtures
    for path in fixtures:
        body = json.loads(path.read_text("utf-8"))
        if isinstance(body.get("context"), dict) and "hookInstance" in body:
            assert read(Call, body).hook


def test_cards_and_services_of_the_specification_have_our_form(public_data: Path) -> None:
    for card in example(public_data, "20-example.json")["cards"]:
        assert Card.model_validate({"uuid": "x"} | card).summary == card["summary"]


@given(st.floats(0, 1))
def test_a_risk_is_never_none_and_never_all(risk: float) -> None:
    words = in_people(risk)
    assert not words.startswith("0 ")
    assert words != "100 in 100"
    if 0.005 <= risk <= 0.995:
        assert abs(int(words.partition(" ")[0]) / 100 - risk) <= 0.0051


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_range_is_rounded_outwards(one: float, other: float) -> None:
    low, high = sorted((one, other))
    numbers = [int(word) for word in re.findall(r"\d+", between(low, high).replace("in 100", ""))]
    assert numbers[0] / 100 <= low + 1e-9
    assert numbers[-1] / 100 >= high - 1e-9


@pytest.mark.parametrize(
    ("risk", "words"),
    [(0.07, "7 in 100"), (0.0, "fewer than 1 in 1000"), (0.004, "4 in 1000"), (0.9999, "more than 99 in 100")],
)
def test_words_of_a_risk(risk: float, words: str) -> None:
    assert in_people(risk) == words


def test_words_are_left_as_they_are_by_markdown() -> None:
    assert plain("mean_radius *[x](http://evil)* <b>") == r"mean\_radius \*\[x\](http://evil)\* \<b\>"
    assert plain("# a\n\n- b") == r"\# a - b"


@given(st.text(max_size=400), st.integers(2, 139))
def test_shortened_text_is_short(text: str, length: int) -> None:
    assert len(shortened(text, length)) <= length


def test_lists_in_words() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("reference", "another"),
    [
        (f"Patient/{PATIENT}", False),
        (f"https://x.example/fhir/Patient/{PATIENT}/_history/3", False),
        ("Patient/other", True),
        ("https://x.example/fhir/Patient/other/_history/3", True),
        ("urn:uuid:1", False),
    ],
)
def test_whose_a_resource_is(reference: str, another: bool) -> None:
    assert another_patient({"resourceType": "Observation", "subject": {"reference": reference}}, PATIENT) is another
