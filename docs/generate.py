"""Pages that are made from the code at build time: the command line, the schema, the list of decisions."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Publish the JSON schema and an index of decisions."""
    from bedside.evidence.schema import json_schema

    schema = json.dumps(json_schema(), indent=2) + "\n"
    files.append(File.generated(config, "reference/evidence.schema.json", content=schema))
    files.append(File.generated(config, "decisions/index.md", content=_decisions(Path(config.docs_dir) / "decisions")))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Put the generated part of a page where it belongs."""
    del page, config, files
    mark = "<!-- generated: command line -->"
    return markdown.replace(mark, command_line()) if mark in markdown else markdown


def command_line() -> str:
    """Every command with its help, arguments and options, as Markdown."""
    from typer.main import get_command

    from bedside.cli.main import app

    return "\n\n".join(_command(f"bedside {name}", each) for name, each in _commands(get_command(app)))


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Commands by the words that name them, those of subgroups too."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _command(name: str, command: Any) -> str:
    rows = "\n".join(_row(each) for each in command.params)
    return f"## {name}\n\n{_prose(command.help or '')}\n\n| option | meaning |\n|---|---|\n{rows}"


def _prose(text: str) -> str:
    """Indented examples become code blocks."""
    return "\n\n".join(
        f"```console\n{re.sub('^ +', '$ ', part, flags=re.MULTILINE)}\n```" if part.startswith(" ") else part
        for part in text.split("\n\n")
    )


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"| `{_cell(param.metavar or param.name)}` | {_cell(param.help or '')} |"
    value = "" if getattr(param, "is_flag", False) else f" {param.metavar or param.name.upper()}"
    default = param.show_default if isinstance(param.show_default, str) else ""
    told = f" Default: {default}." if default else ""
    return f"| `{_cell(', '.join(param.opts) + value)}` | {_cell(param.help or '')}{_cell(told)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _decisions(folder: Path) -> str:
    lines = ["# Decisions", "", "Decisions that shaped the code, one page each, in the order they were made.", ""]
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text("utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join(lines) + "\n"
