"""What was inferred of a table, in lines for a person."""

from collections.abc import Collection

from bedside.modalities.tabular.inference import Inference, Inferred

SHOWN = 6
"""Words of a category that are listed."""


def column_notes(found: Inference, taken: Collection[str]) -> list[str]:
    """One line a column, as it was read."""
    used = [column for column in found.usable if column.name not in taken]
    aside = [column for column in found.set_aside if column.name not in taken]
    lines = [f"{len(used)} predictor{'s' if len(used) > 1 else ''}:", *(f"  {_line(column)}" for column in used)]
    if aside:
        lines += [
            f"{len(aside)} column{'s' if len(aside) > 1 else ''} set aside:",
            *(f"  {column.name}: {column.reason}" for column in aside),
        ]
    return lines


def _line(column: Inferred) -> str:
    parts: list[str] = [column.found]
    if column.unit:
        parts.append(f"in {column.unit}")
    if column.categories:
        shown = ", ".join(column.categories[:SHOWN])
        parts.append(shown + (f" and {len(column.categories) - SHOWN} more" if len(column.categories) > SHOWN else ""))
    if column.missing_cells:
        codes = ", ".join(f"{code:g}" if isinstance(code, float) else repr(code) for code in column.missing)
        parts.append(f"{column.missing_cells:,} missing" + (f" (written {codes} or empty)" if codes else ""))
    return f"{column.name}: {'; '.join([*parts, *column.notes])}"
