"""`bedside schema`: the JSON schema of evidence.json."""


def print_schema() -> None:
    """Print the JSON schema of evidence.json.

    Everything that a report says is in evidence.json, in flat rows; this schema describes them, versioned.

        bedside schema > evidence.schema.json
    """
    from bedside.cli import terminal
    from bedside.evidence.schema import json_schema

    terminal.emit(json_schema())
