"""`bedside registry`: which version of what may answer, who said so, and until when."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bedside.cli import failure, options
from bedside.cli.release import REGISTRY, By, Registry, login, told

if TYPE_CHECKING:
    from bedside.serve.standing import Entry, Move, Standing

app = typer.Typer(
    name="registry",
    help=failure.literal(
        """Releases and their states: candidate, shadow, live, withdrawn.

        A release becomes live once somebody has approved it and it has been in shadow, where it answers and shows
        nothing. One version of a name is live at a time. Every move is a line of a log that is only added to.
        """
    ),
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the release.")]
Version = Annotated[str, typer.Argument(metavar="VERSION", help="Of the release.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Written into the log.")]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Day on which the approval ends (UTC)."),
]


def list_releases(*, registry: Registry = REGISTRY, json: options.Json = False) -> None:
    """List every version and where it stands.

    bedside registry list
    bedside registry list --json
    """
    from rich.table import Table

    from bedside.cli import terminal
    from bedside.serve.registry import Registry as Known

    found = list(Known(registry).standings().values())
    if json:
        terminal.emit([_row(standing) for standing in found])
        return
    if not found:
        terminal.say(f"No release is registered in {registry}; `bedside release RUN` registers one.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("name", "version", "state", "since", "approved by", "until", "why"):
        table.add_column(heading)
    for standing in found:
        state = "expired" if standing.expired else str(standing.state)
        day = standing.until.strftime("%Y-%m-%d") if standing.until else ""
        since = standing.since.strftime("%Y-%m-%d %H:%M")
        table.add_row(standing.name, standing.version, state, since, standing.approved_by, day, standing.why)
    terminal.output().print(table)


def show_release(name: Name, version: Version, *, registry: Registry = REGISTRY, json: options.Json = False) -> None:
    """Show what a release is and every move of it, after checking that it is whole.

    bedside registry show diabetes_screening 1
    """
    from bedside.cli import terminal
    from bedside.serve.registry import Registry as Known

    known = Known(registry)
    standing, manifest = known.standing(name, version), known.check(name, version)
    moves = [entry for entry in known.entries() if (entry.name, entry.version) == (name, version)]
    if json:
        terminal.emit(
            {"standing": _row(standing), "release": told(manifest), "moves": [_line(entry) for entry in moves]}
        )
        return
    law, plan = manifest.regulation, manifest.change_plan
    signed = f"key {manifest.signer}" if manifest.signer else "nobody"
    for label, text in (
        ("release", manifest.label),
        ("state", "withdrawn (its approval has ended)" if standing.expired else str(standing.state)),
        ("question", manifest.question),
        ("intended use", manifest.intended_use),
        ("learner", f"{manifest.learner.label} ({manifest.learner.form}); {manifest.rule}"),
        ("study", f"{manifest.entry}, code {manifest.code_hash[:12]}, data {manifest.data_hash[:12]}"),
        ("signed by", signed),
        ("may change", "; ".join(plan.may_change) or "nothing without a new release"),
        ("validated again by", plan.validated_again_by),
        ("impact of a change", plan.impact),
        ("statement", law.statement),
        ("IMDRF category", law.samd_category),
        ("FDA change plan", law.pccp),
        ("EU AI Act", law.eu_ai_act),
        ("EU MDR class", law.mdr_class),
        *law.source_attributes.items(),
    ):
        if text:
            terminal.say(f"{label}: {text}")
    for gate in manifest.gates:
        terminal.say(f"gate {gate.name}: {'passed' if gate.passed else 'not passed'}. {gate.text}")
    for entry in moves:
        until = f", until {entry.until:%Y-%m-%d}" if entry.until else ""
        why = f": {entry.why}" if entry.why else ""
        terminal.say(f"{entry.at:%Y-%m-%d %H:%M} {entry.move} by {entry.by}{until}{why}")


def add_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Register a release that was copied to NAME/VERSION in the registry, as a candidate.

    bedside registry add diabetes_screening 1 --by "A. Nurse"
    """
    from bedside.serve.registry import Registry as Known

    _tell(Known(registry).add(name, version, by=by or login(), why=why), json=json)


def approve_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    until: Until = None,
    json: options.Json = False,
) -> None:
    """Approve a release, for good or until a day; needed before it becomes live.

    bedside registry approve diabetes_screening 1 --by "A. Physician" --until 2027-06-30
    """
    _move("approved")(name, version, registry=registry, by=by, why=why, until=until, json=json)


def shadow_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Let a release answer without showing its answers.

    bedside registry shadow diabetes_screening 1
    """
    _move("shadow")(name, version, registry=registry, by=by, why=why, json=json)


def live_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Show a release's answers; the version that was live before goes back to shadow.

    bedside registry live diabetes_screening 1
    """
    _move("live")(name, version, registry=registry, by=by, why=why, json=json)


def demonstrate_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Show a release that was made of simulated data, marked so in every answer.

    bedside registry demonstrate diabetes_screening 1
    """
    _move("demonstration")(name, version, registry=registry, by=by, why=why, json=json)


def withdraw_release(
    name: Name,
    version: Version,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Withdraw a release for good; services stop answering with it at once.

    bedside registry withdraw diabetes_screening 1 --why "sensitivity fell"
    """
    _move("withdrawn")(name, version, registry=registry, by=by, why=why, json=json)


def rollback_release(
    name: Name,
    *,
    registry: Registry = REGISTRY,
    by: By = "",
    why: Why = "",
    json: options.Json = False,
) -> None:
    """Withdraw the live version and make the one that was live before it live again.

    bedside registry rollback diabetes_screening --why "version 2 alarms too often"
    """
    from bedside.errors import RegistryProblem
    from bedside.evidence.release import State
    from bedside.serve.registry import Registry as Known

    found = Known(registry).standings().values()
    live = next((one.version for one in found if one.name == name and one.state is State.LIVE), None)
    if live is None:
        msg = f"no version of {name} is live in {registry}; `bedside registry list` shows what is"
        raise RegistryProblem(msg)
    _move("rolled back")(name, live, registry=registry, by=by, why=why, json=json)


def _move(move: "Move") -> Callable[..., None]:
    from bedside.serve.registry import Registry as Known

    def moved(
        name: str,
        version: str,
        *,
        registry: Registry,
        by: str,
        why: str,
        json: bool,
        until: datetime | None = None,
    ) -> None:
        day = until.replace(tzinfo=UTC) if until is not None else None
        _tell(Known(registry).move(name, version, move, by=by or login(), why=why, until=day), json=json)

    return moved


def _tell(entry: "Entry", *, json: bool) -> None:
    from bedside.cli import terminal

    if json:
        terminal.emit(_line(entry))
        return
    until = f" until {entry.until:%Y-%m-%d}" if entry.until else ""
    terminal.say(f"{entry.name} {entry.version} {entry.move}{until} by {entry.by}")


def _line(entry: "Entry") -> dict[str, object]:
    return entry.model_dump(mode="json", exclude={"before"})


def _row(standing: "Standing") -> dict[str, object]:
    return {
        "name": standing.name,
        "version": standing.version,
        "state": str(standing.state),
        "expired": standing.expired,
        "since": standing.since.isoformat(),
        "approved_by": standing.approved_by,
        "until": standing.until.isoformat() if standing.until else None,
        "demonstration": standing.demonstration,
        "why": standing.why,
    }


for _command, _name in (
    (list_releases, "list"),
    (show_release, "show"),
    (add_release, "add"),
    (approve_release, "approve"),
    (shadow_release, "shadow"),
    (live_release, "live"),
    (demonstrate_release, "demonstrate"),
    (withdraw_release, "withdraw"),
    (rollback_release, "rollback"),
):
    app.command(_name, help=failure.literal(_command.__doc__ or ""))(_command)
