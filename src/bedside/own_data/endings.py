"""What the words of a column say of how a watch ended: last seen without an event, or which event."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bedside.errors import OutcomeProblem
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.declaration import CausePart
from bedside.own_data.outcome import NEGATIVE, POSITIVE, is_number

MOST_WORDS = 12
"""A column of more different words does not say how a watch ended."""

_NOT_SEEN = frozenset(
    (
        "censored", "cens", "cen", "censor", "right censored", "living", "alive", "lost", "lost to follow-up",
        "lost to follow up", "ltfu", "withdrawn", "withdrew", "end of study", "end of follow-up", "event-free",
        "event free", "disease-free", "diseasefree", "disease free", "progression-free", "recurrence-free", "no event",
        "noevent", "remission", "in remission", "dropout", "drop-out", "moved away", "administrative", "ongoing",
    )
)  # fmt: skip
_WHILE_TRUE_NO_EVENT = frozenset(("alive", "survived", "survivor", "living", "free", "eventfree"))
"""Parts of names of columns in which "yes" means that nothing happened."""
_EITHER_WAY = frozenset(("cens", "cen", "censor", "censored", "censoring", "censorship"))
"""Parts of names of columns in which 1 means censored to some and the event to others."""
_NAMES = {
    "death": (
        "died", "dead", "death", "deceased", "mortality", "expired", "die", "vital", "alive", "survived", "living",
    ),
    "recurrence": ("recur", "recurred", "recurrence", "relapse", "relapsed", "rfs", "dfs"),
    "progression": ("progressed", "progression", "pfs"),
    "readmission": ("readmitted", "readmission", "readmit"),
}  # fmt: skip
"""What an event is called, by parts of names of columns and by words."""
_SAYS_ONLY_YES = frozenset(
    ("true", "yes", "y", "t", "positive", "pos", "+", "case", "event", "ja", "oui", "false", "no")
)
"""Words that say that something happened and not what."""
_BLAND = frozenset(("status", "event", "cens", "censor", "censored", "outcome", "code", "delta", "d", "e", "fail"))
"""Parts of names of columns that do not say what happened either."""


@dataclass(frozen=True)
class Endings:
    """What the words mean.

    Attributes:
        censored: Words of cases that were last seen without any event.
        causes: The cause of interest first.
        notes: What was taken for what, for a person.
    """

    censored: tuple[str, ...]
    causes: tuple[CausePart, ...]
    notes: tuple[str, ...]


def endings(
    column: str,
    words: Mapping[str, int],
    *,
    censored: Sequence[str] = (),
    positive: str | None = None,
    competing: Sequence[str] = (),
) -> Endings:
    """What the words of a column mean.

    Args:
        column: Its name.
        words: Its words with their numbers of rows, in order.
        censored: Words that mean that nothing had happened, where they should not be found out.
        positive: Word of the cause of interest, where it is not the most frequent one; "2=death" names it too.
        competing: Words of competing causes, perhaps named; all others are then the cause of interest.

    Raises:
        OutcomeProblem: A word that was asked for is not there or has two meanings, words cannot be told apart, or there
            is no event.
    """
    if len(words) > MOST_WORDS:
        msg = (
            f"the event column {column!r} has {len(words)} different values; it should say in a few words how each "
            f"watch ended (at most {MOST_WORDS}): name another column, or group its values"
        )
        raise OutcomeProblem(msg)
    left_unseen = tuple(_found(column, words, censored))
    interest, rivals = _found(column, words, [] if positive is None else [positive]), _found(column, words, competing)
    said = [*left_unseen, *interest, *rivals]
    if len(set(said)) < len(said):
        twice = next(word for word in said if said.count(word) > 1)
        msg = f"{twice!r} of the event column {column!r} was given two meanings; name it once"
        raise OutcomeProblem(msg)
    unseen, why = (left_unseen, "as asked") if censored else _censored(column, list(words), (*interest, *rivals))
    events = {word: count for word, count in words.items() if word not in unseen}
    if not events:
        msg = (
            f"the event column {column!r} says of every row that nothing happened (its only value is "
            f"{', '.join(map(repr, words))}); a study needs events: name another column, or say what means censored"
        )
        raise OutcomeProblem(msg)
    causes = _named(column, _grouped(column, events, tuple(rivals), tuple(interest)), interest | rivals)
    return Endings(unseen, causes, tuple(_notes(column, words, unseen, why, causes)))


def _found(column: str, words: Mapping[str, int], asked: Sequence[str]) -> dict[str, str]:
    """The words of the column that were asked for, upper and lower case regardless, with the names given to them."""
    by_case = {word.casefold(): word for word in words}
    found: dict[str, str] = {}
    for each in asked:
        whole = by_case.get(each.strip().casefold())
        word, _, name = (each, "", "") if whole else each.partition("=")
        match = by_case.get(word.strip().casefold())
        if match is None:
            known = ", ".join(map(repr, words))
            msg = f"{word.strip()!r} is none of the values of the event column {column!r}; they are {known}"
            raise OutcomeProblem(msg)
        found[match] = name.strip()
    return found


def _censored(column: str, words: list[str], events: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Which words mean that nothing had happened, and why they are taken so.

    `events` are words of which the person said that they are events: nothing is then found out of the column's name.
    """
    left = [word for word in words if word not in events]
    parts = set(plain_name(column).split("_"))
    unseen = tuple(word for word in left if _bare(word) in _NOT_SEEN)
    if unseen:
        return unseen, "by its word"
    yes = tuple(word for word in left if _bare(word) in POSITIVE)
    no = tuple(word for word in left if _bare(word) in NEGATIVE)
    if not events and parts & _EITHER_WAY and (yes or no):
        several = " or ".join(f"--censored {word}" for word in left)
        msg = (
            f"in a column called {column!r} {(*yes, *no)[0]!r} means censored to some and the event to others; say "
            f"which with {several}"
        )
        raise OutcomeProblem(msg)
    if not events and parts & _WHILE_TRUE_NO_EVENT and (yes or no):
        return yes, f"since the column is called {column!r}"
    if no:
        return no, "by its word"
    return _other(column, words, left, yes, events)


def _other(
    column: str, words: list[str], left: list[str], yes: tuple[str, ...], events: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """Which words mean that nothing had happened, where none of them says so."""
    if not events and words == ["1", "2"]:
        return ("1",), "the smaller of 1 and 2, as R's survival has it"
    if not left or (len(words) == 1 and yes):
        return (), ""
    if len(words) == 2 and len(left) - len(yes) == 1 and (events or yes):
        return tuple(word for word in left if word not in yes), "the other value"
    msg = (
        f"none of the values of the event column {column!r} says that a case was last seen without the event; they are "
        f"{', '.join(map(repr, words))}: say which does with --censored WORD"
    )
    raise OutcomeProblem(msg)


def _bare(word: str) -> str:
    """A word without the number that some tables put before it ("0:LIVING")."""
    return re.sub(r"^\d+\s*[:=.)-]\s*(?=\D)", "", word.strip()).casefold()


def _grouped(
    column: str, events: Mapping[str, int], competing: tuple[str, ...], interest: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Words of each cause, those of interest first, the others by falling number of rows."""
    frequent = sorted(events, key=lambda word: -events[word])
    if not competing:
        chosen = interest or (frequent[0],)
        return [chosen, *((word,) for word in frequent if word not in chosen)]
    first: tuple[str, ...] = interest or tuple(word for word in frequent if word not in competing)
    rest = [word for word in frequent if word not in first and word not in competing]
    if not first or rest:
        what = f"{rest[0]!r} is neither" if rest else "no value is left for the cause of interest"
        msg = (
            f"of the event column {column!r} {what}; name with --competing all causes but the one of interest, or "
            "leave it out: every cause but the first then competes"
        )
        raise OutcomeProblem(msg)
    return [first, *((word,) for word in frequent if word in competing)]


def _named(column: str, groups: list[tuple[str, ...]], given: Mapping[str, str]) -> tuple[CausePart, ...]:
    names: list[str] = []
    for words in groups:
        asked = next((given[word] for word in words if given.get(word)), "")
        name = asked or _name(column, words, alone=len(groups) == 1)
        names.append(name if name not in names else f"{name} ({words[0]})")
    return tuple(CausePart(name=name, words=words) for name, words in zip(names, groups, strict=True))


def _name(column: str, words: tuple[str, ...], *, alone: bool) -> str:
    """How a cause is called, so that it can stand in "death by 60 months"."""
    said = [_bare(word) for word in words]
    for name, ways in _NAMES.items():
        if all(word in ways for word in said):
            return name
    if not all(word in _SAYS_ONLY_YES or is_number(word) for word in said):
        return " or ".join(re.sub(r"\s+to\s+", "-to-", word) for word in said)
    parts = set(plain_name(column).split("_"))
    found = next((name for name, ways in _NAMES.items() if parts & set(ways)), "")
    called = found or ("event" if parts <= _BLAND else plain_name(column).replace("_", " "))
    return called if alone else f"{called} {' or '.join(words)}"


def _notes(
    column: str, words: Mapping[str, int], unseen: tuple[str, ...], why: str, causes: tuple[CausePart, ...]
) -> list[str]:
    def counted(some: Sequence[str]) -> str:
        return ", ".join(f"{word!r} ({words[word]:,} row{'s' if words[word] != 1 else ''})" for word in some)

    first, *others = causes
    if not unseen:
        text = (
            f"event {column!r}: every row has an event, none is censored: {counted(list(words))}; if cases that were "
            "still free of it are missing from the table, all that follows is wrong"
        )
        notes = [text]
    else:
        taken = f"{counted(unseen)}, {why}"
        notes = [f"event {column!r}: censored is {taken}; {first.name} is {counted(first.words)}"]
    if others:
        competing = "; ".join(f"{cause.name} is {counted(cause.words)}" for cause in others)
        notes.append(
            f"competing with {first.name}: {competing}; name another event of interest with --positive, and what is no "
            "event with --censored"
        )
    if any(_BLAND.intersection(cause.name.split()) or is_number(cause.name.split()[-1]) for cause in causes):
        name, *rest = (cause.words[0] for cause in causes)
        rivals = f" --competing {','.join(f'{word}=NAME' for word in rest)}" if rest else ""
        notes.append(
            f"what happened has no name in the table; the report reads better with one: --positive {name}=NAME{rivals}"
        )
    return notes
