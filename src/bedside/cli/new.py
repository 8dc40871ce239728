"""`bedside new`: begin an application."""

import keyword
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from bedside.cli import options

_FILES = {
    "card.md": "card.md",
    "source.py.txt": "source.py",
    "study.py.txt": "study.py",
    "test_study.py.txt": "test_study.py",
}


def new_application(
    name: Annotated[str, typer.Argument(metavar="NAME", help="snake_case, a Python package name (stroke_risk).")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Where to put the folder NAME.", show_default="here", file_okay=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Write a ready application folder that runs at once on its simulated twin.

    The folder holds card.md (the question, for people), source.py (where records come from), study.py (what is
    asked and who is compared) and test_study.py. Run it, then replace the twin's columns by yours.

        bedside new stroke_risk
        bedside run stroke_risk --simulated 400
    """
    from bedside.cli import terminal
    from bedside.errors import StudyError

    if not name.isidentifier() or name != name.lower() or keyword.iskeyword(name):
        msg = f"{name!r} cannot name a study; use lower-case letters, digits and underscores, a letter first"
        raise StudyError(msg)
    parent = out or Path()
    folder = parent / name
    _write(folder, _filled(name))
    if json:
        terminal.emit({"name": name, "folder": str(folder), "files": sorted(["__init__.py", *_FILES.values()])})
        return
    terminal.say(f"Written: {folder}")
    command = f"bedside run {name} --simulated 400"
    terminal.say(f"Try it on its simulated twin: {command if parent == Path() else f'cd {parent} && {command}'}")


def _filled(name: str) -> dict[str, str]:
    words = {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "type": "".join(part.capitalize() for part in name.split("_")),
    }
    templates = resources.files("bedside.cli") / "application"
    texts = {
        target: Template((templates / origin).read_text("utf-8")).substitute(words) for origin, target in _FILES.items()
    }
    return {"__init__.py": "", **texts}


def _write(folder: Path, texts: dict[str, str]) -> None:
    from bedside.errors import OutputProblem
    from bedside.study.folder import explain

    if folder.exists():
        msg = f"{folder} already exists; choose another name, or another place with --out"
        raise OutputProblem(msg)
    try:
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise explain(error, folder) from error
