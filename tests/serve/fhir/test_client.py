"""A client of FHIR servers: allowed ones only, whole answers, limits, tokens; nothing leaked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.serve.fhir.patients import AT, DIABETES_SCREENING, PATIENT, glucose
from tests.serve.fhir.server import BASE, R4, TOKEN

from bedside.errors import CallRefused, ServiceError
from bedside.serve.fhir.backend import BackendServices
from bedside.serve.fhir.client import MOST_PAGES, FhirClient, allowed_base, connected
from bedside.serve.fhir.prefetch import templates
from bedside.serve.fhir.reading import record_of
from bedside.serve.hooks.gathering import filled

T = TypeVar("T")


def asked(server: R4, what: Callable[[FhirClient], Awaitable[T]], *, seconds: float = 5.0) -> T:
    async def run() -> T:
        async with server.http() as http:
            return await what(FhirClient(http, BASE, seconds=seconds))

    return asyncio.run(run())


def refused(server: R4, query: str, *, seconds: float = 5.0) -> CallRefused:
    with pytest.raises(CallRefused) as error:
        asked(server, lambda client: client.search(query), seconds=seconds)
    assert "Secretname" not in str(error.value)
    assert "p1" not in str(error.value)
    return error.value


def key(kid: str = "one") -> ECKey:
    return ECKey.generate_key("P-384", {"kid": kid}, auto_kid=False)


def test_what_a_release_needs_is_fetched_and_read() -> None:
    other = glucose(250, subject={"reference": "Patient/p2"})
    values = [glucose(80 + day, when=f"2024-04-{day:02d}T08:00:00Z") for day in range(1, 9)]
    server = R4(resources=[PATIENT, other, *values])

    async def gathered(client: FhirClient) -> list[dict[str, Any]]:
        queries = [filled(one, {"patientId": "p1"}, AT) for one in templates(DIABETES_SCREENING).values()]
        return [resource for query in queries for resource in await client.search(query)]

    one = record_of(DIABETES_SCREENING, asked(server, gathered), AT)
    assert (one.record["glucose"], one.record["age"]) == (88.0, 43.0)
    assert sum(path == "/fhir/Observation" for _, path, _ in server.asked) == 5  # three pages of one, one of two


def test_a_resource_is_written_and_comes_back() -> None:
    server = R4()
    made = asked(server, lambda client: client.create({"resourceType": "RiskAssessment", "status": "final"}))
    assert (made["id"], made["status"]) == ("1", "final")
    assert server.resources == [made]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("Patient/p2", 502, "status 404"),
        ("broken", 502, "no resource"),
        ("huge", 502, "more than"),
        ("elsewhere", 502, "status 307"),
        ("../admin", 400, "out of"),
        ("Patient/%2e%2e/%2E%2E/token", 400, "out of"),
    ],
)
def test_what_cannot_be_used_is_an_error_of_the_server(query: str, status: int, words: str) -> None:
    error = refused(R4(), query)
    assert error.status == status
    assert words in str(error)


def test_pages_elsewhere_and_without_end_are_not_followed() -> None:
    values = [glucose() for _ in range(9)]
    for address in ("http://evil.example.org/fhir/x", "http://localhost/admin", "http://localhost:81/fhir/x", ""):
        server = R4(resources=values, next_page=address or f"{BASE}/Observation?patient=p1")
        error = refused(server, "Observation?patient=p1")
        assert ("same server" if address else "pages") in str(error)
        assert len(server.asked) == (1 if address else MOST_PAGES)


def test_a_slow_server_is_not_waited_for() -> None:
    assert refused(R4(resources=[PATIENT], delay=5), "Patient/p1", seconds=0.05).status == 504


def test_nobody_there() -> None:
    async def run() -> None:
        async with connected("http://127.0.0.1:9/fhir", ("http://127.0.0.1:9/fhir/",), seconds=2) as client:
            await client.search("Patient/p1")

    with pytest.raises(CallRefused, match="cannot be reached"):
        asyncio.run(run())


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example.org/fhir",
        "https://ehr.example.org/fhir/../admin",
        "https://ehr.example.org:444/fhir",
        "https://user@ehr.example.org/fhir",
        "https://ehr.example.org/fhir?x",
        "http://plain.example.org/fhir",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_allowed_servers_are_asked(base: str) -> None:
    with pytest.raises(CallRefused) as error:
        allowed_base(base, ("https://ehr.example.org/fhir", "http://plain.example.org/fhir"))
    assert error.value.status == 403
    assert allowed_base("https://ehr.example.org/fhir/", ("https://ehr.example.org/fhir",)).endswith("/fhir")


@pytest.mark.parametrize("made", [key(), RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)])
def test_a_service_gets_a_token_for_its_signature_and_keeps_it(made: ECKey | RSAKey) -> None:
    server = R4(resources=[PATIENT], key=made)

    async def run() -> None:
        async with server.http() as http:
            access = BackendServices(http, "bedside", TOKEN, made)
            client = FhirClient(http, BASE, access.token)
            assert await asyncio.gather(*(client.search("Patient/p1") for _ in range(3))) == [[PATIENT]] * 3
            assert str(made.as_dict(private=True)["d"]) not in repr(access)

    asyncio.run(run())
    assert [shown for _, _, shown in server.asked] == ["token0"] * 3


def test_a_token_that_soon_expires_is_replaced() -> None:
    made = key()
    server = R4(resources=[PATIENT], key=made, lives=20)

    async def run() -> None:
        async with server.http() as http:
            client = FhirClient(http, BASE, BackendServices(http, "bedside", TOKEN, made).token)
            for _ in range(2):
                await client.search("Patient/p1")

    asyncio.run(run())
    assert [shown for _, _, shown in server.asked] == ["token0", "token1"]


def test_no_token_for_an_unknown_key_and_no_answer_without_one() -> None:
    server = R4(resources=[PATIENT], key=key())
    assert "status 401" in str(refused(server, "Patient/p1"))

    async def run() -> None:
        async with server.http() as http:
            await BackendServices(http, "bedside", TOKEN, key()).token()

    with pytest.raises(CallRefused, match="gave no token"):
        asyncio.run(run())


def test_keys_and_addresses_that_do_not_do() -> None:
    http = R4().http()
    public = ECKey.import_key(key().as_dict(private=False))
    weak = ECKey.generate_key("P-256", {"kid": "one"}, auto_kid=False)
    for wrong in (public, weak, ECKey.generate_key("P-384", auto_kid=False)):
        with pytest.raises(ServiceError, match="must be private"):
            BackendServices(http, "bedside", TOKEN, wrong)
    with pytest.raises(ServiceError, match="https"):
        BackendServices(http, "bedside", "http://ehr.example.org/token", key())
