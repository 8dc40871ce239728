"""`bedside data`: what a study needs, where it belongs, and whether it is there."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bedside.cli import options

if TYPE_CHECKING:
    from bedside.data.source import DataFile, Source
    from bedside.study.declare import Study


@dataclass(frozen=True)
class _Need:
    """One file that a study needs, and how it stands."""

    study: str
    source: str
    path: str
    state: str
    checksum: str
    address: str | None
    member: str | None
    licence: str


def show_data(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One study; all when left out.")] = None,
    *,
    fetch: Annotated[bool, typer.Option("--fetch", help="Fetch what is absent, and verify it.")] = False,
    json: options.Json = False,
) -> None:
    """Show where to put, or how to fetch, the data that a study needs.

    Files lie below the folder that BEDSIDE_DATA names, or else in your cache directory. Each is known by its SHA-256:
    a file that is truncated, edited or of another version is refused.

        bedside data
        bedside data heart_disease
        bedside data readmission --fetch
    """
    from bedside.cli import terminal
    from bedside.data.files import data_root

    root = data_root()
    studies = _studies(name)
    if fetch:
        _fetch(studies, root)
    needs = [need for study in studies for need in _needs(study, root)]
    if json:
        terminal.emit({"folder": str(root), "files": [asdict(need) for need in needs]})
        return
    terminal.say(f"Data folder: {root}")
    for study in studies:
        _show(study, [need for need in needs if need.study == study.name])


def _studies(name: str | None) -> "list[Study[Any, Any, Any, Any]]":
    from bedside.cli import catalogue
    from bedside.cli.resolve import resolve

    return [resolve(each) for each in ([name] if name else sorted(catalogue.places()))]


def _sources(study: "Study[Any, Any, Any, Any]") -> "list[Source[object]]":
    others = [validation.source for validation in study.validations if validation.source is not None]
    return [study.source, *others]


def _needs(study: "Study[Any, Any, Any, Any]", root: Path) -> list[_Need]:
    return [
        _Need(
            study.name, source.name, file.path, _state(file, root), file.checksum, file.address, file.member,
            source.licence,
        )
        for source in _sources(study)
        for file in source.files
    ]  # fmt: skip


def _state(file: "DataFile", root: Path) -> str:
    from bedside.data.files import here, is_expected

    if not here(file, root):
        return "absent"
    return "here" if is_expected(file, root) else "not the expected file"


def _fetch(studies: "list[Study[Any, Any, Any, Any]]", root: Path) -> None:
    from bedside.cli import terminal
    from bedside.data.files import here, locate

    for study in studies:
        for source in _sources(study):
            absent = [file for file in source.files if not here(file, root)]
            with terminal.progress() as progress:
                progress.begin(f"fetching {source.name}", len(source.files))
                for file in source.files:
                    locate(file, root)
                    progress.step(file.path)
            if absent:
                terminal.note(f"fetched {len(absent)} of {len(source.files)} files of {source.name}")


def _show(study: "Study[Any, Any, Any, Any]", needs: list[_Need]) -> None:
    from bedside.cli import terminal

    terminal.say(f"\n{study.name}", style="bold")
    if not needs:
        terminal.say(f"  {study.source.name} ships with bedside's dependencies; nothing to fetch.")
    for need in needs:
        terminal.say(f"  {need.path}: {need.state}", style="green" if need.state == "here" else "yellow")
        kind, checksum = need.checksum.split(" ", maxsplit=1)
        terminal.say(f"    {kind.replace('-', '').lower():<7} {checksum}", style="dim")
        origin = need.address or "to be obtained by hand; no public address"
        terminal.say(f"    from    {origin}{f', member {need.member}' if need.member else ''}", style="dim")
        terminal.say(f"    licence {need.licence}", style="dim")
    if any(need.state != "here" for need in needs):
        if all(need.address for need in needs if need.state != "here"):
            terminal.say(f"  Fetch with `bedside data {study.name} --fetch`, or put the files there yourself.")
        else:
            terminal.say("  Put the files at these paths below the data folder.")
