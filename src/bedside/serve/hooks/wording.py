"""A probability in whole people, as a person reads it, and text that Markdown leaves as it is."""

from collections.abc import Sequence

_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#|~&!"})


def in_people(risk: float) -> str:
    """A probability as people: "7 in 100", "4 in 1000"; never 0 and never all, because no model knows that.

    Args:
        risk: From 0 to 1.
    """
    if risk < 0.0005:
        return "fewer than 1 in 1000"
    if risk < 0.005:
        return f"{max(1, round(risk * 1000))} in 1000"
    if risk > 0.995:
        return "more than 99 in 100"
    return f"{max(1, min(99, round(risk * 100)))} in 100"


def between(low: float, high: float) -> str:
    """A range of probabilities in people of 100; limits are rounded outwards, so that it is never too narrow."""
    least, most = int(low * 100 + 1e-9), min(100, -int(-high * 100 // 1))
    return f"{least} in 100" if least == most else f"between {least} and {most} in 100"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence has them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def shortened(text: str, length: int) -> str:
    """Text of at most this length, cut between words where it can be."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > length // 2 else cut).rstrip(" ,;:") + "…"


def plain(text: str) -> str:
    """Text that GitHub's Markdown shows as it stands, on one line."""
    return " ".join(text.split()).translate(_MARKS)
