"""A service answers over HTTP as CDS Hooks says, and fails as it says."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.hooks.conftest import (
    LIMIT,
    NAME,
    ORIGIN,
    PATIENT,
    FhirServer,
    Running,
    a_call,
    bundle,
    lactate,
    move,
    patient,
)
from tests.serve.tokens import BASE

PATH = "/cds-services/ward"


def outcome(answer: Any, status: int) -> str:
    """The text of a refusal, which must be an OperationOutcome that says nothing of a patient."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    (issue,) = body["issue"]
    assert issue["severity"] == "error"
    assert NAME not in answer.text
    assert PATIENT not in answer.text
    assert "Traceback" not in answer.text
    return str(issue["details"]["text"])


def test_discovery_tells_of_the_service(service: Running) -> None:
    (told,) = service.get("/cds-services").json()["services"]
    assert (told["id"], told["hook"], told["version"]) == ("ward", "patient-view", "STU2")
    assert told["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert set(told["prefetch"]) == {"patient", "lactate"}


def test_a_card_tells_risk_interval_comparison_and_source(service: Running) -> None:
    answer = service.post(a_call())
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert len(card["summary"]) < 140
    assert " in 100" in card["summary"]
    assert card["indicator"] in ("info", "warning")
    assert card["source"]["url"] == f"{BASE}/models/ward"
    assert "For comparison:" in card["detail"]
    assert "95 % interval" in card["detail"]
    assert "Not a medical device" in card["detail"]
    assert all(reason["display"] for reason in card["overrideReasons"])
    assert card["links"][0]["type"] == "absolute"
    assert "suggestions" not in card
    line = service.recorded()[-1]
    assert (line["card"], line["outcome"], line["state"]) == (card["uuid"], "answered", "live")
    assert 0 < line["risk"] < 1
    assert NAME not in json.dumps(line)
    assert PATIENT not in json.dumps(line)


def test_a_greater_lactate_is_a_greater_risk(service: Running) -> None:
    for value in (1.0, 5.0):
        assert service.post(a_call(prefetch={"patient": patient(), "lactate": bundle(lactate(value))})).is_success
    low, high = (line["risk"] for line in service.recorded()[-2:])
    assert low < high


@pytest.mark.parametrize("sent", [None, bundle(), bundle(lactate(hours=200))])
def test_what_was_not_measured_is_a_card_that_says_so(service: Running, sent: Any) -> None:
    answer = service.post(a_call(prefetch={"patient": patient(), "lactate": sent}))
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert "lactate" in card["detail"]
    assert card["selectionBehavior"] == "any"
    (suggestion,) = card["suggestions"]
    resource = suggestion["actions"][0]["resource"]
    assert resource["resourceType"] == "ServiceRequest"
    assert resource["code"]["coding"][0]["code"] == "2524-7"
    assert resource["subject"]["reference"] == f"Patient/{PATIENT}"


def test_nothing_found_is_an_abstention_and_not_a_low_risk(service: Running) -> None:
    answer = service.post(a_call(prefetch={"patient": None, "lactate": None}))
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert "no answer" in card["summary"]
    assert "This says nothing about the patient's risk" in card["detail"]
    assert service.recorded()[-1]["outcome"] == "abstained"


def asking(fhir: FhirServer, **more: Any) -> dict[str, Any]:
    access = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs", "subject": "x"}
    return a_call(fhirServer=fhir.base, fhirAuthorization=access, **more)


def test_what_was_not_sent_is_fetched_with_the_token(service: Running, fhir_server: FhirServer) -> None:
    answer = service.post(asking(fhir_server, prefetch={"patient": patient()}))
    assert answer.status_code == 200, answer.text
    ((path, shown),) = fhir_server.asked
    assert path.startswith(f"/fhir/Observation?patient={PATIENT}&code=")
    assert shown == "Bearer t0ken"


def test_nothing_is_fetched_where_all_was_sent(service: Running, fhir_server: FhirServer) -> None:
    assert service.post(asking(fhir_server)).is_success
    assert fhir_server.asked == []


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]},
        bundle({"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "timeout"}]}),
        {"resourceType": "Patient", "id": PATIENT},
        {},
    ],
)
def test_an_error_in_the_prefetch_is_no_data(service: Running, fhir_server: FhirServer, sent: Any) -> None:
    sending = {"patient": patient(), "lactate": sent}
    assert service.post(asking(fhir_server, prefetch=sending)).is_success
    assert len(fhir_server.asked) == 1
    outcome(service.post(a_call(prefetch=sending)), 412)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 302])
def test_a_fhir_server_that_refuses_is_412(service: Running, fhir_server: FhirServer, status: int) -> None:
    fhir_server.status = status
    fhir_server.headers = {"location": "http://169.254.169.254/"}
    outcome(service.post(asking(fhir_server, prefetch={"patient": patient()})), 412)
    assert len(fhir_server.asked) == 1


def test_a_slow_fhir_server_is_412_in_time(service: Running, fhir_server: FhirServer) -> None:
    fhir_server.delay = 4.0
    assert "in time" in outcome(service.post(asking(fhir_server, prefetch={"patient": patient()})), 412)


@pytest.mark.parametrize("page", [{}, [], "x", {"resourceType": 3}, {"resourceType": "OperationOutcome"}])
def test_a_fhir_server_that_talks_nonsense_is_412(service: Running, fhir_server: FhirServer, page: Any) -> None:
    fhir_server.answers["Observation"] = page
    outcome(service.post(asking(fhir_server, prefetch={"patient": patient()})), 412)


@pytest.mark.parametrize(
    "server",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:1/fhir",
        "file:///etc/passwd",
        "https://ehr.example.org/fhir",
        "http://user:pass@127.0.0.1/fhir",
        "{base}@evil.example",
        "{base}/../admin",
        "{base}?x=",
        "{base}#",
        "gopher://127.0.0.1/",
        "//127.0.0.1/fhir",
    ],
)
def test_no_other_server_is_ever_asked(service: Running, fhir_server: FhirServer, server: str) -> None:
    body = asking(fhir_server, prefetch={}) | {"fhirServer": server.format(base=fhir_server.base)}
    assert "not one that may be asked" in outcome(service.post(body), 412)
    assert fhir_server.asked == []


@pytest.mark.parametrize("name", ["../Patient/2", "a?b=c", "a/../b", "a b", "x" * 65, "", 7, None, {"a": 1}])
def test_a_patient_id_becomes_part_of_no_other_address(service: Running, fhir_server: FhirServer, name: Any) -> None:
    body = asking(fhir_server, prefetch={}, context={"userId": "Practitioner/1", "patientId": name})
    assert "patientId" in outcome(service.post(body), 400)
    assert fhir_server.asked == []


@pytest.mark.parametrize(
    "prefetch",
    [
        {"patient": patient(id="pat-2"), "lactate": bundle(lactate())},
        {"patient": patient(), "lactate": bundle(lactate(of="pat-2"))},
        {"patient": patient(), "lactate": bundle(lactate(), lactate(of="https://x.example/fhir/Patient/pat-2"))},
    ],
)
def test_another_patients_record_is_refused(service: Running, prefetch: Any) -> None:
    assert "another patient" in outcome(service.post(a_call(prefetch=prefetch)), 400)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"hook": NaN}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
        (b'{"prefetch":' + b'{"a":' * 500 + b"1" + b"}" * 501, 400),
        (b" " * (LIMIT + 1), 413),
        (b'{"hook":"' + b"x" * (50 * LIMIT) + b'"}', 413),
    ],
)
def test_a_body_that_is_none_is_refused(service: Running, content: bytes, status: int) -> None:
    outcome(service.post(content=content, headers={"content-type": "application/json"}), status)


def test_a_body_without_a_declared_length_is_bounded_too(service: Running) -> None:
    def chunks() -> Any:
        for _ in range(3 * LIMIT // 65536):
            yield b" " * 65536

    outcome(service.post(content=chunks(), headers={"content-type": "application/json"}), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_only_json_is_read(service: Running, kind: str) -> None:
    outcome(service.post(content=json.dumps(a_call()), headers={"content-type": kind}), 415)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hook": "order-sign"}, "hook"),
        ({"hook": 3}, "hook"),
        ({"hook": None}, "hook"),
        ({"hookInstance": ""}, "hookInstance"),
        ({"hookInstance": ["x"]}, "hookInstance"),
        ({"context": {}}, "context.userId"),
        ({"context": {"userId": "Practitioner/1"}}, "context.patientId"),
        ({"context": []}, "context"),
        ({"prefetch": []}, "prefetch"),
        ({"prefetch": {NAME: NAME}}, "prefetch"),
        ({"fhirAuthorization": {"access_token": NAME}}, "fhirAuthorization"),
        ({"fhirServer": 7}, "fhirServer"),
    ],
)
def test_a_wrong_field_is_named_and_not_repeated(service: Running, change: dict[str, Any], word: str) -> None:
    assert outcome(service.post(a_call() | change), 400).startswith(word)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
RESOURCE = st.sampled_from(["Patient", "Observation", "Bundle", "OperationOutcome", "Condition"])
FIELDS = ["id", "entry", "resource", "code", "coding", "subject", "reference", "valueQuantity", "value", "birthDate"]
ODD = st.dictionaries(
    st.sampled_from([*FIELDS, "gender", "status", "effectiveDateTime", "link", "issue"]), JSON, max_size=5
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(["hook", "hookInstance", "context", "prefetch", "fhirServer", "x"]), value=JSON)
def test_any_body_is_answered_or_refused(service: Running, field: str, value: Any) -> None:
    answer = service.post(a_call() | {field: value})
    assert answer.status_code in (200, 400, 412), answer.text


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=RESOURCE, odd=ODD, inside=ODD)
def test_any_resource_is_answered_or_refused(service: Running, kind: str, odd: Any, inside: Any) -> None:
    """A record that is odd in any way leads to an answer, an abstention or a refusal; never to a fault."""
    observation = lactate() | inside
    sent = {"patient": patient() | odd, "lactate": bundle(observation, {"resourceType": kind} | odd)}
    answer = service.post(a_call(prefetch=sent))
    assert answer.status_code in (200, 400, 412), answer.text


def test_what_is_unknown_is_404_and_what_is_not_allowed_405(service: Running) -> None:
    outcome(service.post(a_call(), "/cds-services/nothing"), 404)
    outcome(service.http.get(f"/{NAME}/{PATIENT}"), 404)
    outcome(service.http.get("/cds-services/"), 404)
    outcome(service.http.get(PATH), 405)
    outcome(service.http.get(f"/models/{NAME}"), 404)


def test_every_call_needs_a_token_for_its_own_address(service: Running) -> None:
    outcome(service.http.get("/cds-services"), 401)
    outcome(service.http.post(PATH, json=a_call()), 401)
    outcome(service.http.post(f"{PATH}/feedback", json={}), 401)
    headers = {"authorization": f"Bearer {service.signer.token(BASE + PATH)}"}
    assert service.http.post(PATH, json=a_call(), headers=headers).status_code == 200
    outcome(service.http.post(PATH, json=a_call(), headers=headers), 401)
    elsewhere = {"authorization": f"Bearer {service.signer.token(BASE + '/cds-services')}"}
    outcome(service.http.post(PATH, json=a_call(), headers=elsewhere), 401)


def test_strangers_are_refused_before_their_body_is_read(service: Running) -> None:
    answer = service.http.post(PATH, content=b"x" * (2 * LIMIT), headers={"content-type": "application/json"})
    outcome(answer, 401)


def test_browsers_of_known_origins_may_call(service: Running) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    answer = service.http.options(PATH, headers={"origin": ORIGIN, **asked})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    other = service.http.options(PATH, headers={"origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in other.headers


def feedback(card: str, **more: Any) -> dict[str, Any]:
    said = {"card": card, "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
    return {"feedback": [said | more]}


def test_feedback_is_kept_once(service: Running) -> None:
    (card,) = service.post(a_call()).json()["cards"]
    said = feedback(card["uuid"], overrideReason={"reason": card["overrideReasons"][0], "userComment": "No."})
    before = len(service.recorded("feedback.jsonl"))
    for _ in range(3):
        assert service.post(said, f"{PATH}/feedback").status_code == 200
    lines = service.recorded("feedback.jsonl")
    assert len(lines) == before + 1
    assert (lines[-1]["card"], lines[-1]["reason"]) == (card["uuid"], "cds-not-applicable")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"feedback": []},
        {"feedback": {}},
        feedback("c", outcome="ignored"),
        feedback("c", outcome="accepted"),
        feedback("c", outcome="accepted", acceptedSuggestions=[]),
        feedback("c", acceptedSuggestions=[{"id": "x"}]),
        feedback("c", outcomeTimestamp="yesterday"),
        feedback("c", outcomeTimestamp="2020-12-11T00:00:00"),
        feedback(""),
    ],
)
def test_feedback_that_is_none_is_refused(service: Running, body: Any) -> None:
    before = service.recorded("feedback.jsonl")
    outcome(service.post(body, f"{PATH}/feedback"), 400)
    assert service.recorded("feedback.jsonl") == before


def test_states_are_heeded_at_once(service: Running) -> None:
    """In shadow the answer is computed and recorded, and nothing is shown; then it is live again."""
    try:
        move(service.registry, "shadow", "ward", "1")
        answer = service.post(a_call())
        assert (answer.status_code, answer.json()) == (200, {"cards": []})
        line = service.recorded()[-1]
        assert (line["state"], line["outcome"], line["card"]) == ("shadow", "answered", None)
        assert 0 < line["risk"] < 1
    finally:
        move(service.registry, "live", "ward", "1")
    assert len(service.post(a_call()).json()["cards"]) == 1


def test_the_pages_of_the_model_are_there(service: Running) -> None:
    page = service.http.get("/models/ward")
    assert page.status_code == 200
    assert "Who will die?" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<html" in service.http.get("/models/ward/report").text
    assert service.http.get("/models/ward/card.md").text.startswith("---")


def test_health_and_readiness(service: Running) -> None:
    assert service.http.get("/health").json()["status"] == "alive"
    ready = service.http.get("/ready")
    assert (ready.status_code, ready.json()["releases"]) == (200, {"ward": "live"})


def test_the_interface_describes_itself(service: Running) -> None:
    described = service.http.get("/openapi.json").json()
    assert set(described["components"]["schemas"]) >= {"Call", "Cards", "Card", "Services", "Feedbacks"}
    references = [word for word in json.dumps(described).split('"') if word.startswith("#/components/schemas/")]
    assert references
    assert {reference.rpartition("/")[2] for reference in references} <= set(described["components"]["schemas"])


def test_logs_hold_nothing_of_patients(service: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        service.post(a_call())
        service.post(a_call(prefetch={"patient": patient() | {"birthDate": NAME}}))
        service.post(a_call(context={"userId": NAME, "patientId": NAME + "/"}))
        service.http.get(f"/models/{NAME}")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bedside")]
    assert ours
    assert not [text for text in ours if NAME in text or PATIENT in text]
