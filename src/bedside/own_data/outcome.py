"""What kind of outcome a column holds, and which of its words means the event."""

from typing import Literal, TypeAlias, cast

import numpy as np

from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.inference import Inferred
from bedside.modalities.tabular.table import Table
from bedside.own_data.declaration import OutcomePart

Kind: TypeAlias = Literal["binary", "multiclass", "continuous"]

MOST_CLASSES = 20
"""An outcome of more different words is no class."""

POSITIVE = frozenset(
    (
        "1", "true", "yes", "y", "t", "positive", "pos", "+", "case", "event", "died", "dead", "death", "deceased",
        "expired", "malignant", "disease", "diseased", "sick", "present", "abnormal", "readmitted", "relapse",
        "recurrence", "progression", "failure", "failed", "severe", "high", "cancer", "tumor", "tumour", "sepsis",
        "septic", "diabetic", "diabetes", "complication", "hospitalised", "hospitalized", "responder", "ja", "oui",
    )
)  # fmt: skip
NEGATIVE = frozenset(
    (
        "0", "false", "no", "n", "f", "negative", "neg", "-", "control", "censored", "alive", "survived", "survivor",
        "benign", "healthy", "well", "absent", "normal", "none", "not readmitted", "success", "mild", "low",
        "no event", "nondiabetic", "non-diabetic", "discharged", "home", "nein", "non",
    )
)  # fmt: skip


def outcome_of(
    table: Table,
    found: Inferred,
    *,
    endpoint: Kind | None,
    positive: str | None,
    horizon: str,
    differs_within_patient: bool,
) -> tuple[OutcomePart, list[str]]:
    """Declare the outcome of a column, with notes on every choice that was made for the person.

    Raises:
        OutcomeProblem: It is all missing, of one class, or of another kind than asked for.
    """
    column = found.name
    if found.found == "all_missing":
        msg = f"the outcome {column!r} is missing in all {found.cells} rows; name another column"
        raise OutcomeProblem(msg)
    numeric = found.found == "number" or _all_numbers(found)
    kind = endpoint or _kind(found, numeric=numeric)
    _check(kind, found, numeric=numeric)
    common = OutcomePart(
        column=column,
        endpoint=kind,
        missing=found.missing,
        unit=found.unit if kind == "continuous" else "",
        horizon=horizon,
        differs_within_patient=differs_within_patient,
    )
    if kind == "continuous":
        return _continuous(table, common, found)
    words = words_of(table, common)
    if len(words) == 1:
        msg = f"the outcome {column!r} is the same in all rows where it is known; nothing can be learned from one class"
        raise OutcomeProblem(msg)
    if kind == "multiclass":
        if positive is not None:
            msg = f"the outcome {column!r} has {len(words)} classes, so that none of them is the positive one"
            raise OutcomeProblem(msg)
        classes = tuple(words)
        return common.model_copy(update={"classes": classes}), [f"outcome {column!r}: one of {len(classes)} classes"]
    chosen, note = _positive(column, words, positive)
    other = next(word for word in words if word != chosen)
    return common.model_copy(update={"positive": chosen, "negative": other}), [note]


def _all_numbers(found: Inferred) -> bool:
    return bool(found.categories) and all(is_number(word) for word in found.categories)


def is_number(word: str) -> bool:
    """Whether a word is a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _kind(found: Inferred, *, numeric: bool) -> Kind:
    if found.distinct <= 2:
        return "binary"
    return "continuous" if numeric else "multiclass"


def _check(kind: Kind, found: Inferred, *, numeric: bool) -> None:
    column, distinct = found.name, found.distinct
    if found.found == "constant":
        msg = f"the outcome {column!r} is the same in all rows where it is known; nothing can be learned from one class"
        raise OutcomeProblem(msg)
    if kind == "binary" and distinct > 2:
        msg = (
            f"the outcome {column!r} has {distinct} different values; a binary outcome has two: recode it, or ask for "
            f"endpoint {'continuous' if numeric else 'multiclass'}"
        )
        raise OutcomeProblem(msg)
    if kind == "multiclass" and not 2 < distinct <= MOST_CLASSES:
        what = "dates" if found.found == "date" else "different values"
        msg = (
            f"the outcome {column!r} has {distinct} {what}; classes are 3 to {MOST_CLASSES}: recode it or name another"
        )
        raise OutcomeProblem(msg)
    if kind == "continuous" and not numeric:
        msg = f"the outcome {column!r} holds words, not numbers, and cannot be continuous; recode it or ask for classes"
        raise OutcomeProblem(msg)


def _continuous(table: Table, part: OutcomePart, found: Inferred) -> tuple[OutcomePart, list[str]]:
    column = Column(part.column, "number", missing=part.missing)
    known = table.restricted(Schema((column,))).frame.get_column(part.column).drop_nulls().to_numpy()
    cuts = tuple(float(f"{value:.6g}") for value in np.unique(np.quantile(known, [0.25, 0.5, 0.75])))
    inside = tuple(cut for cut in cuts if known.min() < cut <= known.max())
    notes = [f"outcome {part.column!r}: a number{f' in {part.unit}' if part.unit else ''}"]
    if found.distinct <= MOST_CLASSES:
        notes.append(
            f"outcome {part.column!r} has only {found.distinct} different values; for classes ask for multiclass"
        )
    return part.model_copy(update={"cuts": inside}), notes


def words_of(table: Table, part: OutcomePart) -> dict[str, int]:
    """Words of the outcome with their counts, in the order of the words (of the numbers where they are numbers)."""
    column = Column(part.column, "category", missing=part.missing)
    cells = table.restricted(Schema((column,))).frame.get_column(part.column).drop_nulls()
    counted = cells.value_counts()
    pairs = dict(zip(counted.get_column(part.column).to_list(), counted.get_column("count").to_list(), strict=True))
    numeric = all(is_number(word) for word in pairs)
    order = sorted(pairs, key=lambda word: (float(word) if numeric else 0.0, word))
    return {word: cast("int", pairs[word]) for word in order}


def _positive(column: str, words: dict[str, int], asked: str | None) -> tuple[str, str]:
    if asked is not None:
        match = {word.casefold(): word for word in words}.get(asked.strip().casefold())
        if match is None:
            msg = f"{asked!r} is none of the values of the outcome {column!r}; they are {', '.join(map(repr, words))}"
            raise OutcomeProblem(msg)
        return match, f"outcome {column!r}: {match!r} is the positive class, as asked"
    counts = ", ".join(f"{word!r} {count:,} rows" for word, count in words.items())
    numeric = all(is_number(word) for word in words)
    if numeric and set(words) != {"0", "1"}:  # 1 and 2 are coded either way: neither number speaks for itself
        largest = max(words, key=float)
        return largest, (
            f"outcome {column!r}: {largest!r}, the larger number, is taken for the positive class ({counts}); "
            "name the positive value if that is wrong"
        )
    for word in words:
        others = [other for other in words if other != word]
        if word.casefold() in POSITIVE and others[0].casefold() not in POSITIVE:
            return word, f"outcome {column!r}: {word!r} is taken for the positive class ({counts})"
        if word.casefold() in NEGATIVE and others[0].casefold() not in NEGATIVE:
            return others[0], f"outcome {column!r}: {others[0]!r} is taken for the positive class ({counts})"
    rarer = min(words, key=lambda word: (words[word], word))
    return rarer, (
        f"outcome {column!r}: {rarer!r}, the rarer value, is taken for the positive class ({counts}); "
        "name the positive value if that is wrong"
    )
