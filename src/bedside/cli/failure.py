"""What a person, and what a script, is told when a command fails."""

import inspect
import os
import sys
from collections.abc import Callable, Sequence

from typer import Abort
from typer.exceptions import TyperException

from bedside.errors import BedsideError

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""


def literal(text: str) -> str:
    """Help text as typer prints it: a paragraph on one line, to be broken anew; indented examples as they stand."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(part if part.startswith(" ") else " ".join(part.split("\n")) for part in paragraphs)


def guard(action: Callable[[], object], arguments: Sequence[str]) -> int:
    """Run a command; turn whatever it raises into a sentence and an exit code."""
    try:
        code = action()
    except BedsideError as error:
        return _tell(type(error).__name__, str(error), error.exit_code, arguments)
    except TyperException as error:
        return _tell("UsageError", _usage(error), error.exit_code, arguments)
    except (Abort, KeyboardInterrupt):
        return _tell("Stopped", "stopped", STOPPED, arguments)
    except Exception as error:  # noqa: BLE001 - the last place where a failure can be put into words
        return _unexpected(error, arguments)
    return code if isinstance(code, int) else 0


def _usage(error: TyperException) -> str:
    message = error.format_message().strip().rstrip(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "bedside"
    return f"{message} (see `{command} --help`)"


def _unexpected(error: Exception, arguments: Sequence[str]) -> int:
    if os.environ.get("BEDSIDE_DEBUG"):
        import traceback

        traceback.print_exception(error)
    # What a library says may hold a cell of somebody's table; only its kind is told.
    message = (
        f"bedside failed unexpectedly ({type(error).__name__}); this is a fault in bedside. Run again with "
        "BEDSIDE_DEBUG=1 for the details, and report them with the output of `bedside --version`, after removing "
        "anything about patients"
    )
    return _tell(type(error).__name__, message, 1, arguments)


def _tell(kind: str, message: str, code: int, arguments: Sequence[str]) -> int:
    """One sentence on the error stream; as JSON on the output too when the command was asked for JSON."""
    from bedside.cli import terminal

    sys.stdout.flush()
    terminal.complain(message)
    if "--json" in arguments:
        terminal.emit({"error": {"kind": kind, "message": message, "exit_code": code}})
    return code
