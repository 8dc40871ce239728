"""What kind of outcome labels of images hold, and which words mean what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import polars as pl

from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.inference import Inferred, infer_column
from bedside.modalities.tabular.table import Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.images.declaration import FOLDER, ImageEndpoint, ImageOutcomePart
from bedside.own_data.outcome import MOST_CLASSES, Kind, outcome_of

_SCALE = (
    "none", "absent", "normal", "no", "minimal", "questionable", "mild", "low", "moderate", "medium", "severe", "high",
    "proliferative", "very severe", "extreme",
)  # fmt: skip
"""Words of severity in their order; labels that are all among them are grades."""
_NOTHING = ("no finding", "none", "normal", "no", "negative", "healthy", "-")
_PRESENT = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}
_GRADED = {"grade", "stage", "level", "score", "severity", "degree", "birads", "kl"}


def image_outcome(
    table: Table,
    columns: Sequence[str],
    *,
    endpoint: ImageEndpoint | None,
    positive: str | None,
    grades: Sequence[str],
    horizon: str,
) -> tuple[ImageOutcomePart, list[str]]:
    """Declare the outcome, with notes on every choice that was made for the person.

    Args:
        table: One row an image.
        columns: One, or several that hold a finding each.
        endpoint: Its kind, when it should not be inferred.
        positive: Word that means the event; all others are then its absence.
        grades: Words of ordered grades, the lowest first.
        horizon: When it is judged, in words.

    Raises:
        OutcomeProblem: It is all missing, of one class, or of another kind than asked for.
    """
    if endpoint is not None and endpoint not in get_args(ImageEndpoint):
        msg = f"{endpoint!r} is no kind of outcome of images; allowed are {', '.join(get_args(ImageEndpoint))}"
        raise OutcomeProblem(msg)
    _refuse_contradictions(columns, endpoint, positive, grades)
    if len(columns) > 1:
        return _several_columns(table, columns, horizon)
    column = columns[0]
    cells = table.frame.get_column(column)
    separator = _separator(cells)
    if endpoint == "multilabel" or (endpoint is None and separator and positive is None and not grades):
        return _parted(cells, separator, horizon)
    found = infer_column(cells)
    if found.found == "all_missing":
        msg = f"the outcome {column!r} is missing in all {found.cells} rows; name another column"
        raise OutcomeProblem(msg)
    words = _words(table, found)
    if len(words) == 1:
        msg = f"the outcome {column!r} is the same in all rows where it is known; nothing can be learned from one class"
        raise OutcomeProblem(msg)
    missing = [f"outcome {column!r}: {found.missing_cells} of {found.cells} images have no label"]
    notes = missing if found.missing_cells else []
    if positive is not None and len(words) > 2:
        part, said = _one_against_rest(found, words, positive, horizon)
        return part, [*said, *notes]
    order = grades or _order(column, list(words), asked=endpoint == "ordinal", given=endpoint is not None)
    if order and positive is None:
        part, said = _graded(found, words, order, horizon, given=bool(grades))
        return part, [*said, *notes]
    kind: Kind | None = endpoint if endpoint in get_args(Kind) else None  # type: ignore[assignment]
    declared, said = outcome_of(
        table,
        found,
        endpoint="binary" if kind is None and positive is not None else kind,
        positive=positive,
        horizon=horizon,
        differs_within_patient=True,
    )
    given = declared.model_dump(exclude={"column", "negative", "differs_within_patient"})
    made = ImageOutcomePart(columns=(column,), negative=(declared.negative,) if declared.negative else (), **given)
    counts = [f"classes: {counted(words)}"] if made.endpoint == "multiclass" else []
    return made, [*(line.replace(" rows", " images") for line in said), *counts, *notes]


def meanings(part: ImageOutcomePart, table: Table) -> list[object]:
    """The outcome of each row in the endpoint's own type; None where it is not known.

    Raises:
        OutcomeProblem: A label is none of the declared words.
    """
    if part.endpoint == "multilabel":
        return _findings(part, table)
    name = part.columns[0]
    column = Column(name, "number" if part.endpoint == "continuous" else "category", missing=part.missing)
    cells = table.restricted(Schema((column,))).cells(name)
    if part.endpoint == "continuous":
        return list(cells)
    words = _numbered(part)
    strange = [row for row, cell in enumerate(cells) if cell is not None and cell not in words]
    if strange:
        shown = ", ".join(map(repr, words))
        msg = (
            f"the outcome {name!r} is none of {shown} in {len(strange)} of {len(cells)} rows (the first in row "
            f"{strange[0] + 1}); correct these labels, or list their value under missing in [outcome]"
        )
        raise OutcomeProblem(msg)
    return [None if cell is None else words[cell] for cell in cells]


def counted(words: Mapping[str, int]) -> str:
    """Words with the number of their images."""
    return ", ".join(f"{word!r} {count:,}" for word, count in words.items())


def _numbered(part: ImageOutcomePart) -> dict[str, object]:
    if part.endpoint == "binary":
        return {**dict.fromkeys(part.negative, False), part.positive: True}
    return {word: place for place, word in enumerate(part.classes)}


def _refuse_contradictions(
    columns: Sequence[str], endpoint: ImageEndpoint | None, positive: str | None, grades: Sequence[str]
) -> None:
    if len(columns) > 1 and (endpoint not in (None, "multilabel") or positive or grades):
        msg = (
            f"{len(columns)} outcome columns ({', '.join(columns)}) are findings that may coexist, which have no "
            "positive value, no grades and the endpoint multilabel; name one column for another kind"
        )
        raise OutcomeProblem(msg)
    if grades and endpoint not in (None, "ordinal"):
        msg = f"grades are the words of an ordinal outcome, not of a {endpoint} one; leave one of both out"
        raise OutcomeProblem(msg)
    if positive is not None and (grades or endpoint not in (None, "binary")):
        kind = "an ordinal" if grades else f"a {endpoint}"
        msg = f"{kind} outcome has no positive value; leave --positive out, or ask for the endpoint binary"
        raise OutcomeProblem(msg)


def _words(table: Table, found: Inferred) -> dict[str, int]:
    """Words with their counts; of numbers in their order."""
    column = Column(found.name, "category", missing=found.missing)
    cells = table.restricted(Schema((column,))).frame.get_column(found.name).drop_nulls().to_list()
    words = Counter(cells)
    numeric = all(_number(word) is not None for word in words)
    order = sorted(words, key=lambda word: (_number(word) or 0.0 if numeric else 0.0, word))
    return {word: words[word] for word in order}


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _one_against_rest(
    found: Inferred, words: Mapping[str, int], positive: str, horizon: str
) -> tuple[ImageOutcomePart, list[str]]:
    chosen = _matched(found.name, words, positive)
    rest = tuple(word for word in words if word != chosen)
    if len(words) > MOST_CLASSES:
        msg = (
            f"the outcome {found.name!r} has {len(words)} different values; one of at most {MOST_CLASSES} can be told "
            "apart from the others: group them"
        )
        raise OutcomeProblem(msg)
    part = ImageOutcomePart(
        columns=(found.name,),
        endpoint="binary",
        positive=chosen,
        negative=rest,
        missing=found.missing,
        horizon=horizon,
    )
    return part, [f"outcome {found.name!r}: {chosen!r} is the positive class, all others negative ({counted(words)})"]


def _matched(column: str, words: Mapping[str, int], asked: str) -> str:
    match = {word.casefold(): word for word in words}.get(asked.strip().casefold())
    if match is None:
        shown = ", ".join(map(repr, list(words)[:MOST_CLASSES]))
        msg = f"{asked!r} is none of the values of the outcome {column!r}; they are {shown}"
        raise OutcomeProblem(msg)
    return match


def _order(column: str, words: list[str], *, asked: bool, given: bool) -> list[str]:
    """Words in the order that they have by themselves; empty where they have none, or are no grades."""
    if given and not asked:
        return []
    folded = [word.casefold() for word in words]
    if 3 <= len(words) <= len(_SCALE) and all(word in _SCALE for word in folded):
        return sorted(words, key=lambda word: _SCALE.index(word.casefold()))
    numbers = [_number(word) for word in words]
    whole = [int(number) for number in numbers if number is not None and number == int(number)]
    if len(whole) == len(words) and 3 <= len(words) <= MOST_CLASSES:
        named = column == FOLDER or bool(set(plain_name(column).split("_")) & _GRADED)
        gapless = max(whole) - min(whole) == len(words) - 1
        if asked or (named and gapless):
            return sorted(words, key=float)
    if asked:
        msg = (
            f"the grades of the outcome {column!r} have no order of their own; give it, the lowest first: --grades "
            f"{','.join(words[:6])}{',…' if len(words) > 6 else ''}"
        )
        raise OutcomeProblem(msg)
    return []


def _graded(
    found: Inferred, words: Mapping[str, int], order: Sequence[str], horizon: str, *, given: bool
) -> tuple[ImageOutcomePart, list[str]]:
    folded = {word.casefold(): word for word in words}
    grades = tuple(folded.get(grade.casefold(), grade) for grade in order)
    outside = sum(count for word, count in words.items() if word not in grades)
    if outside:
        msg = (
            f"{outside} of {sum(words.values())} labels of the outcome {found.name!r} are none of the grades "
            f"{', '.join(map(repr, grades))}; name all grades in --grades, the lowest first, or correct the labels"
        )
        raise OutcomeProblem(msg)
    if len({grade.casefold() for grade in grades}) < len(grades) or len(grades) < 3:
        msg = f"grades are {', '.join(map(repr, grades))}; at least three different words are needed"
        raise OutcomeProblem(msg)
    absent = [grade for grade in grades if not words.get(grade)]
    part = ImageOutcomePart(
        columns=(found.name,), endpoint="ordinal", classes=grades, missing=found.missing, horizon=horizon
    )
    shown = counted({grade: words.get(grade, 0) for grade in grades})
    notes = [f"outcome {found.name!r}: ordered grades, the lowest first: {shown}"]
    if not given:
        notes.append("if the classes have no order, ask for the endpoint multiclass")
    return part, notes + ([f"no image has the grade(s) {', '.join(map(repr, absent))}"] if absent else [])


def _separator(cells: pl.Series) -> str:
    """What parts several findings in one cell; "" where cells hold one word each."""
    texts = cells.cast(pl.String, strict=False).drop_nulls()
    for mark in ("|", ";"):
        if bool(texts.str.contains(mark, literal=True).any()):
            parts = {part.strip() for text in texts.to_list() for part in text.split(mark)}
            return mark if len(parts) <= 4 * MOST_CLASSES else ""
    return ""


def _parted(cells: pl.Series, separator: str, horizon: str) -> tuple[ImageOutcomePart, list[str]]:
    column = cells.name
    mark = separator or ","
    found = infer_column(cells)
    missing = tuple(str(code) for code in found.missing)
    texts = [text for text in cells.cast(pl.String, strict=False).drop_nulls().to_list() if text.strip() not in missing]
    counts = Counter(part.strip() for text in texts for part in text.split(mark) if part.strip())
    nothing = next((word for word in counts if word.casefold() in _NOTHING), "")
    names = [word for word, _ in sorted(counts.items(), key=lambda pair: (pair[1], pair[0])) if word != nothing]
    part = ImageOutcomePart(
        columns=(column,),
        endpoint="multilabel",
        classes=tuple(names),
        separator=mark,
        nothing=nothing,
        missing=missing,
        horizon=horizon,
    )
    _check_labels(part)
    shown = counted({name: counts[name] for name in names})
    notes = [f"outcome {column!r}: findings that may coexist, parted by {mark!r}: {shown}"]
    if nothing:
        notes.append(f"{nothing!r} means no finding ({counts[nothing]:,} images)")
    return part, notes


def _several_columns(table: Table, columns: Sequence[str], horizon: str) -> tuple[ImageOutcomePart, list[str]]:
    counts: dict[str, int] = {}
    for column in columns:
        cells = [_present(cell) for cell in table.cells(column)]
        wrong = [row for row, cell in enumerate(cells) if cell == "?"]
        if wrong:
            msg = (
                f"the finding {column!r} is neither 1 nor 0 nor empty in {len(wrong)} of {len(cells)} rows (the first "
                f"in row {wrong[0] + 1}); write 1 where it is there, 0 where it is not, nothing where nobody looked"
            )
            raise OutcomeProblem(msg)
        counts[column] = sum(cell is True for cell in cells)
    rarest = tuple(sorted(columns, key=lambda name: (counts[name], name)))
    part = ImageOutcomePart(columns=rarest, endpoint="multilabel", classes=rarest, horizon=horizon)
    _check_labels(part)
    return part, [f"outcome: {len(columns)} findings that may coexist: {counted({n: counts[n] for n in rarest})}"]


def _check_labels(part: ImageOutcomePart) -> None:
    if not 2 <= len(part.classes) <= MOST_CLASSES:
        msg = (
            f"the outcome {', '.join(part.columns)!r} names {len(part.classes)} different findings; 2 to "
            f"{MOST_CLASSES} can be told apart: group them, or ask for another endpoint"
        )
        raise OutcomeProblem(msg)


def _present(cell: object) -> "bool | None | str":
    """True, False, None where nobody looked, "?" where the cell says something else."""
    if cell is None or not str(cell).strip():
        return None
    return _PRESENT.get(str(cell).strip().casefold(), "?")


def _findings(part: ImageOutcomePart, table: Table) -> list[object]:
    if not part.separator:
        rows = list(zip(*(table.cells(name) for name in part.classes), strict=True))
        told = [tuple(_present(cell) for cell in row) for row in rows]
        if any("?" in row for row in told):
            msg = f"a finding of {', '.join(part.classes)} is neither 1 nor 0 nor empty; correct the table"
            raise OutcomeProblem(msg)
        return [None if all(cell is None for cell in row) else row for row in told]
    found: list[object] = []
    strange = 0
    for cell in table.cells(part.columns[0]):
        if cell is None or str(cell).strip() in ("", *(str(code) for code in part.missing)):
            found.append(None)
            continue
        words = {word.strip() for word in str(cell).split(part.separator)} - {part.nothing, ""}
        strange += bool(words - set(part.classes))
        found.append(tuple(name in words for name in part.classes))
    if strange:
        msg = (
            f"the outcome {part.columns[0]!r} names findings that are none of {', '.join(map(repr, part.classes))} in "
            f"{strange} rows; correct these labels"
        )
        raise OutcomeProblem(msg)
    return found
