"""Help reads like documentation: every command has its purpose, its examples and no unexplained option."""

import re

import pytest
from tests.command import Bedside

from bedside import __version__

COMMANDS = ("list", "run", "plan", "new", "data", "predict", "report", "compare", "triage", "schema")


def test_the_version(bedside: Bedside) -> None:
    answer = bedside("--version")
    assert (answer.code, answer.out) == (0, f"bedside {__version__}\n")


def test_help_names_every_command(bedside: Bedside) -> None:
    answer = bedside("--help")
    assert answer.code == 0
    assert [name for name in COMMANDS if not re.search(rf"│ {name} +\w", answer.out)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_gives_examples(bedside: Bedside, command: str) -> None:
    answer = bedside(command, "--help")
    assert answer.code == 0
    assert re.search(rf"^ +bedside {command}\b", answer.out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_is_explained(bedside: Bedside, command: str) -> None:
    options = [line for line in bedside(command, "--help").out.splitlines() if re.match(r"│ +-", line)]
    assert options
    assert [line for line in options if not re.search(r"  [A-Z][^│]*[.)\]\w]", line)] == []
