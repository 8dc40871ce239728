"""`bedside release`: a finished run becomes what a service may answer with, if its evidence allows it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedside.evidence.release import GateResult, Manifest

REGISTRY = Path("releases")
"""Where releases lie unless told otherwise."""

Registry = Annotated[
    Path, typer.Option("--registry", metavar="DIR", help="Folder of releases and their log.", file_okay=False)
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this.", show_default="the login name")]


def release_run(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.", file_okay=False)],
    *,
    registry: Registry = REGISTRY,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the release here and register it nowhere.",
            show_default="NAME/VERSION in the registry",
        ),
    ] = None,
    version: Annotated[
        str, typer.Option("--version", metavar="TEXT", help="Of this release.", show_default="the next number")
    ] = "",
    key: Annotated[
        Path | None, typer.Option(metavar="KEY.pem", help="Ed25519 private key that signs the release.", dir_okay=False)
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Day from which it answers nobody (UTC)."),
    ] = None,
    demonstration: Annotated[
        bool,
        typer.Option("--demonstration", help="Release a run on simulated data, to be shown and marked; never live."),
    ] = False,
    by: By = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What this version is for.")] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="SHA256", help="As in the run: this file may stand for a published one."),
    ] = None,
    study: Annotated[
        str, typer.Option(metavar="NAME|package.module", help="The study, when the run does not say.")
    ] = "",
    json: options.Json = False,
) -> None:
    """Release the learner that the study's rule names, if every gate passes.

    Gates were declared in the study before the run: the lower limit of the primary measure, calibration, equivalence
    of groups, comparison with the primary comparator, the leakage audit, the analysis plan, real data. One that does
    not pass refuses the release; nothing overrides it. What would be served must predict every judged case as it was
    judged, to 1e-4. Which learner is released cannot be chosen.

    Exit code 6 means that the release was refused; every gate is printed with what it found.

        bedside release runs/breast_cancer
        bedside release runs/patients --key release.pem --expires 2027-06-30
        bedside release runs/demo --demonstration
    """
    from bedside.cli import terminal
    from bedside.cli.resolve import of_run, resolve
    from bedside.report.card import model_card
    from bedside.report.page import read_evidence, write_report
    from bedside.serve.registry import Registry as Registered
    from bedside.study import release as releases

    declared = resolve(study) if study else of_run(run)
    evidence = read_evidence(run)
    gates = releases.judged(declared, evidence, demonstration=demonstration)
    if not json:
        _show(gates)
    known = Registered(registry)
    number = version or ("1" if out is not None else known.next_version(declared.name))
    place = out or known.folder(declared.name, number)
    chosen = releases.chosen(evidence, demonstration=demonstration)
    with terminal.progress() as progress:
        asked = releases.Asked(
            out=place,
            version=number,
            report=write_report(run),
            card=model_card(evidence.model_copy(update={"released": chosen})),
            key=key,
            expires_at=expires.replace(tzinfo=UTC) if expires is not None else None,
            demonstration=demonstration,
            accept=tuple(accept or ()),
            progress=progress,
        )
        manifest = releases.release(declared, run, asked)
    if out is None:
        known.add(manifest.name, manifest.version, by=by or login(), why=why)
    if json:
        terminal.emit({"release": str(place), "registry": None if out else str(registry)} | told(manifest))
        return
    _tell(manifest, place, None if out else registry)


def told(manifest: "Manifest") -> dict[str, object]:
    """What a release is, for scripts; its files are left out."""
    return manifest.model_dump(mode="json", exclude={"files"})


def _show(gates: "Sequence[GateResult]") -> None:
    """Every gate with what it found."""
    from bedside.cli import terminal

    for gate in gates:
        word = "passed " if gate.passed else "refused"
        terminal.say(f"{word}  {gate.name}: {gate.text}", style="" if gate.passed else "bold red")


def _tell(manifest: "Manifest", place: Path, registry: Path | None) -> None:
    from bedside.cli import terminal

    served, same = manifest.learner, manifest.equality
    form = "ONNX graphs" if served.form == "onnx" else f"its own files ({served.why})"
    terminal.say()
    terminal.tell(
        f"{manifest.label}: {served.label}, by {form}; {same.cases} judged predictions repeated to {same.largest:.1e}.",
        style="bold",
    )
    if manifest.demonstration:
        terminal.say("A demonstration on simulated data: marked so in every answer, and never live.", style="yellow")
    if not manifest.signer:
        terminal.note("Not signed; give --key KEY.pem so that a service can tell who released it.")
    terminal.say(f"Release: {place}")
    if registry is not None:
        move = "demonstrate" if manifest.demonstration else "approve"
        terminal.say(f"Next: bedside registry {move} {manifest.name} {manifest.version}")


def login() -> str:
    """The login name of whoever calls."""
    import getpass

    return getpass.getuser()
