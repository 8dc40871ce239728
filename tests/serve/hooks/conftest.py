"""A running service with a live release of the ward, a client that may call it, and a FHIR server beside it."""

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from tests.serve.conftest import Made
from tests.serve.tokens import BASE, Signer

from bedside.cli.main import main
from bedside.cli.serve import Opening
from bedside.serve.app import create_app
from bedside.serve.settings import Settings

PATIENT = "pat-1"
NAME = "Secretname"
"""Stands in every patient's record here, and must stand in no log and no error."""
ORIGIN = "https://ehr.example.org"
LIMIT = 1024 * 1024


def patient(**more: Any) -> dict[str, Any]:
    born = {"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": "1950-03-01"}
    return born | {"name": [{"family": NAME}]} | more


def lactate(value: float = 3.5, *, hours: float = 2, unit: str = "mmol/L", of: str = PATIENT) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2524-7"}]},
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    }


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | more


def a_call(**more: Any) -> dict[str, Any]:
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": PATIENT},
        "prefetch": {"patient": patient(), "lactate": bundle(lactate())},
    } | more


@dataclass
class FhirServer:
    """A FHIR server on this machine that can be slow, broken or malicious.

    Attributes:
        asked: Paths with queries, and tokens, of all requests.
        answers: What it says, by the first part of the path ("Patient", "Observation").
        status: Of every answer.
        delay: Seconds before every answer.
    """

    base: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    delay: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    def reset(self) -> None:
        self.asked.clear()
        self.answers = {"Patient": patient(), "Observation": bundle(lactate())}
        self.status, self.delay, self.headers = 200, 0.0, {}


@pytest.fixture(scope="session")
def fhir_server() -> Iterator[FhirServer]:
    state = FhirServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("authorization", "")))
            time.sleep(state.delay)
            body = json.dumps(state.answers.get(self.path.split("/")[2].split("?")[0], {})).encode()
            self.send_response(state.status)
            for name, value in {"content-length": str(len(body)), **state.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        state.base = f"http://127.0.0.1:{server.server_port}/fhir"
        yield state
        server.shutdown()


@dataclass(frozen=True)
class Running:
    """A service that runs.

    Attributes:
        http: Calls it as a stranger does.
        signer: Signs tokens of the one client that may call.
        registry: Of its release.
        journal: Folder with what it recorded.
    """

    http: httpx.Client
    signer: Signer
    registry: Path
    journal: Path

    def post(self, body: Any = None, path: str = "/cds-services/ward", **more: Any) -> httpx.Response:
        """Call as the client does, with a fresh token."""
        headers = {"authorization": f"Bearer {self.signer.token(BASE + path)}"} | more.pop("headers", {})
        if body is not None and "content" not in more:
            more["json"] = body
        return self.http.post(path, headers=headers, **more)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers={"authorization": f"Bearer {self.signer.token(BASE + path)}"})

    def recorded(self, name: str = "answers.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.journal / name).read_text("utf-8").splitlines()]


@contextmanager
def listening(app: FastAPI, seconds: float = 120.0) -> Iterator[httpx.Client]:
    """The application behind a real server on this machine, and a client of it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, ws="none", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + seconds
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < until, "the service was not ready in time"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as http:
        yield http
    server.should_exit = True
    thread.join(30)


def move(registry: Path, *words: str) -> None:
    assert main(["registry", *words, "--registry", str(registry), "--by", "test"]) == 0


@pytest.fixture(scope="session")
def live(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A copy of the ward, approved and live."""
    place = tmp_path_factory.mktemp("live") / "ward"
    shutil.copytree(made.folder, place)
    made = Made(place)
    move(made.registry, "approve", "ward", "1")
    move(made.registry, "shadow", "ward", "1")
    move(made.registry, "live", "ward", "1")
    return made


@pytest.fixture(scope="session")
def service(live: Made, fhir_server: FhirServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("service")
    signer = Signer()
    settings = Settings(
        base_url=BASE,
        journal=folder / "journal",
        clients=(signer.client(folder),),
        origins=(ORIGIN,),
        fhir_servers=(fhir_server.base,),
        answer_seconds=30.0,
        fhir_seconds=2.0,
        body_bytes=LIMIT,
    )
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(live.folder)
            http = stack.enter_context(listening(create_app([Opening(live.release)], settings)))
        yield Running(http, signer, live.registry, settings.journal)


@pytest.fixture(autouse=True)
def where_its_study_is(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is started anew finds the study of the ward, and no other test is left in its folder."""
    if "service" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("live").folder)


@pytest.fixture(autouse=True)
def fhir_as_new(fhir_server: FhirServer) -> Callable[[], None]:
    fhir_server.reset()
    return fhir_server.reset
