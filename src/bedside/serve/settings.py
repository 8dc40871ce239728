"""What whoever runs a service has decided about it."""

from dataclasses import dataclass
from pathlib import Path

from bedside.errors import ServiceError
from bedside.serve.addresses import is_loopback, is_safe, parts
from bedside.serve.clients import Client

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """How a service is run.

    Attributes:
        base_url: Under which clients reach it, without "/cds-services"; tokens are made out for addresses below it.
        journal: Folder to which answers and feedback are appended; they are about patients, keep it as a record.
        clients: Who may call; None lets anybody who reaches this machine's own address call (demonstrations only).
        origins: Of browser-based clients ("https://ehr.example.org"), for CORS.
        fhir_servers: FHIR base addresses from which values may be fetched; nothing else is ever called.
        workers: Processes that compute, each with all releases.
        answer_seconds: After which a case without an answer is told to have none.
        fhir_seconds: For all requests to a FHIR server on behalf of one call.
        start_seconds: For a worker to open all releases.
        body_bytes: Of the largest call.
        waiting: Cases that may wait for a worker; more are told to come back.
    """

    base_url: str
    journal: Path
    clients: tuple[Client, ...] | None
    origins: tuple[str, ...] = ()
    fhir_servers: tuple[str, ...] = ()
    workers: int = 1
    answer_seconds: float = 5.0
    fhir_seconds: float = 5.0
    start_seconds: float = 120.0
    body_bytes: int = 8 * MEBIBYTE
    waiting: int = 256

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        found = parts(self.base_url)
        if found is None:
            msg = f"base address {self.base_url!r} is none; give one such as https://cds.example.org"
            raise ServiceError(msg)
        if self.open and not is_loopback(found.hostname or ""):
            msg = (
                f"a service without authentication answers on this machine only, but its address is {self.base_url}; "
                "name the clients that may call (--clients FILE), or serve on localhost"
            )
            raise ServiceError(msg)
        if not is_safe(self.base_url):
            msg = f"base address {self.base_url} is not encrypted; clients must reach the service by https"
            raise ServiceError(msg)
        for origin in self.origins:
            of = parts(origin)
            if of is None or of.path:
                msg = f"origin {origin!r} is none; give scheme and host such as https://ehr.example.org"
                raise ServiceError(msg)
        for server in self.fhir_servers:
            if not is_safe(server):
                msg = f"FHIR server {server!r} cannot be allowed; give a base address such as https://ehr.example.org/fhir"
                raise ServiceError(msg)
        if self.workers < 1 or self.waiting < 1 or min(self.answer_seconds, self.fhir_seconds, self.start_seconds) <= 0:
            msg = "a service needs at least one worker, room for one waiting case, and time limits above 0"
            raise ServiceError(msg)

    @property
    def open(self) -> bool:
        """Whether anybody on this machine may call."""
        return self.clients is None
