"""What every reader study shares, whatever was read: its conduct, what forbids an analysis, and multiplicity."""

from collections.abc import Sequence
from dataclasses import dataclass

from bedside.data.category_readings import CategoryTable
from bedside.data.readings import AIDED, UNAIDED, ReadingTable
from bedside.errors import StudyError
from bedside.evidence.readers import JudgedContrast
from bedside.stats.compare import holm

NO_UNAIDED = f"No arm is called {UNAIDED!r}, so that there is no reading without the model to compare the model with."
BARRED = "this reader's own reading went into the reference standard (incorporation), which it matches by making"


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """What the readings themselves do not tell.

    Attributes:
        title: Of the page.
        reference: How the reference standard was made, by whom, blinded to what; "" is shown as open.
        made_reference: Readers whose own readings went into the reference standard (incorporation): they agree with it
            by construction and are not judged by it.
        pooled: Readers' names that stand for several people who each read a part.
        primary: The measure whose most general contrast was declared primary; "" adjusts all contrasts together.
    """

    title: str = "Reader study"
    reference: str = ""
    made_reference: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()
    primary: str = ""


def check_names(readers: Sequence[str], conduct: Conduct) -> None:
    """Raises StudyError where the conduct names a reader that is not there."""
    for name in (*conduct.made_reference, *conduct.pooled):
        if name not in readers:
            msg = f"no reader is called {name!r}; the readings have {', '.join(readers)}"
            raise StudyError(msg)


def refusal_of(readings: ReadingTable | CategoryTable, conduct: Conduct) -> str:
    """Why no multi-reader analysis may be made."""
    if conduct.pooled:
        return (
            f"{', '.join(conduct.pooled)} {'stands' if len(conduct.pooled) == 1 else 'stand'} for several people who "
            "each read a part, so that readers did not read all cases and their spread is not that of single readers"
        )
    if readings.not_crossed:
        return readings.not_crossed
    left = len(set(readings.readers) - set(conduct.made_reference))
    if left < 2:
        return f"{left} reader can be judged by the reference standard; a multi-reader analysis needs two or more"
    return ""


def unaided_arm(arms: Sequence[str]) -> int | None:
    """The arm that the model alone is compared with: reading without it."""
    if len(arms) == 1 and arms[0] != AIDED:
        return 0
    return list(arms).index(UNAIDED) if UNAIDED in arms else None


def design_limits(readings: ReadingTable | CategoryTable, conduct: Conduct) -> list[str]:
    """What the design itself leaves open, whatever was read: incorporation, pooled people, cases not read by all."""
    found = []
    if conduct.made_reference:
        found.append(
            f"Incorporation: readings of {', '.join(conduct.made_reference)} went into the reference standard; they "
            "are not judged by it, and whoever reads alike is favoured by it."
        )
    if conduct.pooled:
        found.append(f"Several people stand behind {', '.join(conduct.pooled)}: no analysis generalises to readers.")
    if readings.not_crossed:
        found.append(f"Not crossed: {readings.not_crossed}.")
    return found


def adjusted(rows: Sequence[JudgedContrast], primary: str) -> list[JudgedContrast]:
    """Holm over all contrasts but the declared primary one, which is the most general one of its measure."""
    chosen = next((k for k, row in enumerate(rows) if primary and row.measure == primary), None)
    tested = {k: row.p for k, row in enumerate(rows) if row.p is not None and k != chosen}
    raised = dict(zip(tested, holm(list(tested.values())).tolist() if tested else [], strict=True))
    return [
        row.model_copy(
            update={"primary": k == chosen, "p_adjusted": row.p if k == chosen else raised.get(k)},
        )
        for k, row in enumerate(rows)
    ]
