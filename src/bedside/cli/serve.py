"""`bedside serve`: answer with releases over CDS Hooks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli.release import REGISTRY, Registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedside.serve.release import Release
    from bedside.serve.settings import Settings


@dataclass(frozen=True)
class Opening:
    """Opens the release in a folder, here and in each worker; its state is its registry's.

    Attributes:
        folder: Of the release.
    """

    folder: Path

    def __call__(self) -> "Release":
        """The release, verified."""
        from bedside.cli.resolve import resolve
        from bedside.serve.registry import opened

        return opened(self.folder, resolve)


def serve_releases(
    releases: Annotated[
        list[str],
        typer.Argument(metavar="RELEASE...", help="Folders, or names in the registry (NAME or NAME@VERSION)."),
    ],
    *,
    registry: Registry = REGISTRY,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="Where to listen.")] = 8000,
    base_url: Annotated[
        str,
        typer.Option(metavar="URL", help="Under which clients reach it (https).", show_default="http://HOST:PORT"),
    ] = "",
    clients: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML with the clients that may call.", dir_okay=False)
    ] = None,
    allow_fhir: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A FHIR server that may be asked for values; may be given again."),
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Origin of a browser-based client; may be given again.")
    ] = None,
    journal: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where answers and feedback are recorded.", file_okay=False)
    ] = Path("served"),
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes that compute.")] = 1,
    seconds: Annotated[float, typer.Option(metavar="S", min=0.05, help="Time limit of one answer.")] = 5.0,
    tls_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate (PEM) for https.", dir_okay=False)
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key (PEM).", dir_okay=False)] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Let anybody on this machine call; for demonstrations only.")
    ] = False,
) -> None:
    """Answer with releases over CDS Hooks 2.0, until Ctrl-C.

    Every call must carry a token that a client on the allowlist has signed. Releases in shadow compute and record
    their answers and show none. Values are taken from what the client sends, or from its FHIR server where that is
    allowed here.

        bedside serve releases/ward/1 --open
        bedside serve ward diabetes_screening@3 --clients clients.toml --base-url https://cds.example.org
    """
    from bedside.serve.clients import read_clients
    from bedside.serve.settings import Settings

    if open_ == (clients is not None):
        msg = "give either --clients FILE with those who may call, or --open for a demonstration on this machine"
        raise typer.BadParameter(msg)
    if (tls_certificate is None) != (tls_key is None):
        msg = "--tls-certificate and --tls-key go together"
        raise typer.BadParameter(msg)
    scheme = "http" if tls_key is None else "https"
    name = f"[{host}]" if ":" in host else host
    settings = Settings(
        base_url=base_url or f"{scheme}://{name}:{port}",
        journal=journal,
        clients=None if clients is None else read_clients(clients),
        origins=tuple(origin or ()),
        fhir_servers=tuple(allow_fhir or ()),
        workers=workers,
        answer_seconds=seconds,
    )
    _refuse_open_to_others(settings, host)
    _run(_openings(releases, registry), settings, host, port, (tls_certificate, tls_key))


def _refuse_open_to_others(settings: "Settings", host: str) -> None:
    from bedside.serve.addresses import is_loopback

    if settings.open and not is_loopback(host):
        msg = f"--open answers this machine only and cannot listen at {host}; leave --host out, or give --clients FILE"
        raise typer.BadParameter(msg)


def _openings(releases: "Sequence[str]", registry: Path) -> list[Opening]:
    """A folder is a release; anything else is the name of one in the registry."""
    from bedside.serve.registry import Registry as Known

    found = []
    for release in releases:
        name, _, version = release.partition("@")
        folder = Path(release) if Path(release).is_dir() else Known(registry).served(name, version)
        found.append(Opening(folder.resolve()))
    return found


def _run(
    openings: "Sequence[Opening]", settings: "Settings", host: str, port: int, tls: tuple[Path | None, Path | None]
) -> None:
    """Serve until stopped."""
    import logging

    import uvicorn

    from bedside.cli import terminal
    from bedside.serve.app import create_app

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold addresses, and those name patients
    app = create_app(openings, settings)
    terminal.say(f"Services: {settings.base_url}/cds-services")
    if settings.open:
        terminal.note("anybody on this machine may call; for demonstrations only")
    certificate, key = tls
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,  # ours names no address as it was called
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=10,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
