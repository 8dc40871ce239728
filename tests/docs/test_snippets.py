"""What the documentation shows is what happens: its snippets are run, its commands are understood."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bedside.cli.main import app, main

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for folder in ("tutorial", "how-to", "reference") for path in (ROOT / "docs" / folder).glob("*.md"))
EVERY = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IDS = [path.relative_to(ROOT).with_suffix("").as_posix() for path in EVERY]
COMMAND = re.compile(r"^(?:\$ | {4})(bedside .*)$", re.MULTILINE)


def blocks(page: Path) -> list[tuple[str, str]]:
    return [
        (kind, text) for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == "python" or "$ bedside" in text
    ]


def executed() -> Iterator[Any]:
    for page in PAGES:
        if blocks(page):
            slow = page.read_text("utf-8").startswith("---\nsnippets: slow\n")
            yield pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if slow else [])


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line, comments=True)[1:] for line in COMMAND.findall(text)]


@pytest.mark.parametrize("page", list(executed()))
def test_snippets_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "snippet"}
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, str(page), "exec", dont_inherit=True), names)  # noqa: S102 - that is what is tested
        else:
            for arguments in commands(text):
                assert main(arguments) == 0, f"bedside {shlex.join(arguments)}"


@pytest.mark.parametrize("page", EVERY, ids=IDS)
def test_commands_are_understood(page: Path) -> None:
    group: Any = get_command(app)
    for arguments in commands(page.read_text("utf-8")):
        context = group.make_context("bedside", list(arguments))
        name, command, rest = group.resolve_command(context, arguments)
        command.make_context(name, rest, parent=context)


def test_there_are_commands_to_understand() -> None:
    assert sum(len(commands(page.read_text("utf-8"))) for page in EVERY) >= 20


@pytest.mark.parametrize("page", EVERY, ids=IDS)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    made = {"evidence.schema.json"}
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if target not in made and not (page.parent / target).exists()] == []


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\bmake ([a-z-]+)", (ROOT / name).read_text("utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} in {name}"
