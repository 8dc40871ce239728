"""Options that several commands share."""

from typing import Annotated, TypeAlias

import typer

Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON for scripts instead of tables; errors are JSON too.")
]
On: TypeAlias = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="WHERE",
        help="Where tasks run: local, ray, or ray://HOST:PORT (needs bedside[cluster]); changes no result.",
    ),
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same evidence.", show_default="0, or as study.toml says")
]
