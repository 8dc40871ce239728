"""A service refuses to start as it must not run."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.command import Bedside
from tests.serve.conftest import Made

from bedside.cli.serve import Opening
from bedside.errors import RegistryProblem, ServiceError
from bedside.serve.addresses import is_loopback, is_safe, parts
from bedside.serve.answer import Answer, Outcome
from bedside.serve.clients import Client
from bedside.serve.hooks.card import Place, card_of
from bedside.serve.hooks.discovery import discovered
from bedside.serve.served import serve_all
from bedside.serve.settings import Settings

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused

CLIENTS = (Client("a", "https://ehr.example.org/keys"),)


def settings(**more: Any) -> Settings:
    given: dict[str, Any] = {"base_url": "https://cds.example.org", "journal": Path(), "clients": CLIENTS}
    return Settings(**(given | more))


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"base_url": "http://cds.example.org"}, "https"),
        ({"base_url": "cds.example.org"}, "base address"),
        ({"base_url": "https://cds.example.org?x=1"}, "base address"),
        ({"clients": None}, "without authentication"),
        ({"fhir_servers": ("http://ehr.example.org/fhir",)}, "cannot be allowed"),
        ({"origins": ("*",)}, "origin"),
        ({"origins": ("https://ehr.example.org/path",)}, "origin"),
        ({"workers": 0}, "worker"),
        ({"answer_seconds": 0}, "time limits"),
    ],
)
def test_settings_that_must_not_be_are_refused(more: dict[str, Any], word: str) -> None:
    with pytest.raises(ServiceError, match=word):
        settings(**more)


def test_a_service_for_others_is_encrypted() -> None:
    assert settings().base_url == "https://cds.example.org"
    assert settings(base_url="http://127.0.0.1:8000/", clients=None).base_url == "http://127.0.0.1:8000"
    with pytest.raises(ServiceError, match="https"):
        settings(base_url="http://10.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "10.0.0.1", "localhost.evil.example", "evil.example", "", "127.0.0.1.x"])
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)
    assert not is_safe(f"http://{host}/")


@pytest.mark.parametrize(
    "address", ["https://a@b/", "https://a:x/", "https://[::1", "ftp://a", "https://", "https://a\\b"]
)
def test_what_is_no_address(address: str) -> None:
    assert parts(address) is None


def test_the_command_wants_clients_or_a_demonstration(bedside: Bedside) -> None:
    for words in ((), ("--open", "--clients", "x.toml")):
        answer = bedside("serve", "ward", *words)
        assert answer.code == 2
        assert "--clients" in answer.err
    answer = bedside("serve", "ward", "--open", "--host", EVERYWHERE)
    assert answer.code == 2
    assert "this machine" in answer.err


def test_a_name_that_is_not_registered_is_told(bedside: Bedside, tmp_path: Path) -> None:
    answer = bedside("serve", "nothing", "--open", "--registry", tmp_path)
    assert answer.code == RegistryProblem.exit_code
    assert "nothing" in answer.err


def test_a_candidate_answers_nobody(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same release, outside its registry: nobody has approved it."""
    monkeypatch.chdir(made.folder)
    outside = shutil.copytree(made.release, made.folder / "outside" / "ward" / "1")
    with pytest.raises(ServiceError, match="candidate"):
        serve_all([Opening(outside)])
    with pytest.raises(ServiceError, match="at least one"):
        serve_all([])


def test_a_demonstration_says_so(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.folder)
    served = serve_all([Opening(made.demonstration)])["ward"]
    answer = Answer(Outcome.ANSWERED, event="death", risk=0.07, low=0.05, high=0.09)
    card = card_of(answer, served, Place("http://127.0.0.1"), "p", served.state(datetime.now(UTC)))
    assert card.summary == "Demonstration only. Death: 7 in 100"
    assert "simulated data" in (card.detail or "")
    assert "between 5 and 9 in 100" in (card.detail or "")
    (told,) = discovered([served], datetime.now(UTC)).services
    assert "simulated" in told.description
