"""Judged cases beside what moved the model in them, and what that may be used for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bedside.evidence.schema import Picture
from bedside.report.number import plural
from bedside.report.results import Results
from bedside.report.sections.explanation import failed_checks

AS_IT_IS = "as it is"

_USE = (
    "A map shows which places of the image moved the model's score. It does not show that the prediction is right, why "
    "a place mattered, or where a disease lies: it may be used to look for what the model should not rely on (labels, "
    "borders, devices), and not to find, outline or confirm a finding in a patient."
)


@dataclass(frozen=True, slots=True)
class View:
    """One picture, with the method that drew on it.

    Attributes:
        picture: Of the evidence.
        address: What stands in the page; "" where the picture lies beside the run.
        label: The method, or that this is the case as it is.
        failed: Tests that the method did not pass.
    """

    picture: Picture
    address: str
    label: str
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Pictures that belong together: of one case, or the mean maps of one outcome.

    Attributes:
        title: Which cases.
        caption: What was predicted and what was the case.
        mark: "right", "wrong" or "".
        views: Pictures, the case as it is first.
        reason: Why there are none.
    """

    title: str
    caption: str
    mark: str
    views: tuple[View, ...]
    reason: str


def blocks(results: Results, addresses: Mapping[str, str], kind: str) -> list[Block]:
    """Blocks of one kind ("example", "mean", "drawn"), in the order of the evidence.

    Args:
        results: The evidence.
        addresses: Pictures as data addresses, by path.
        kind: Of pictures.
    """
    by_number: dict[int, list[Picture]] = {}
    for picture in results.evidence.pictures:
        if picture.kind == kind:
            by_number.setdefault(picture.number, []).append(picture)
    return [_block(results, addresses, number, found) for number, found in by_number.items()]


def _block(results: Results, addresses: Mapping[str, str], number: int, found: Sequence[Picture]) -> Block:
    first = found[0]
    title = first.group if first.kind == "mean" else f"Case {number}: {first.group}"
    views = tuple(
        View(
            picture=picture,
            address=addresses.get(picture.path, ""),
            label=picture.method or AS_IT_IS,
            failed=failed_checks(results, picture.learner, picture.method) if explains(picture) else (),
        )
        for picture in found
        if picture.path
    )
    mark = {True: "right", False: "wrong", None: ""}[first.right]
    return Block(title, first.caption, mark, views, "" if views else first.reason)


def explains(picture: Picture) -> bool:
    """Whether a picture shows what moved a model, not the case as it is or what was predicted in it."""
    return picture.kind != "drawn" and bool(picture.method)


def conclusion(results: Results) -> str:
    """Which methods failed their tests, then which passed, then what the pictures may be used for."""
    drawn = {(p.learner, p.method): None for p in results.evidence.pictures if explains(p)}
    failed, passed, open_ = [], [], []
    for learner, method in drawn:
        tests = [
            row.passed
            for row in results.evidence.explanation_checks
            if (row.learner, row.method) == (learner, method) and not row.check.startswith("agreement")
        ]
        names = failed_checks(results, learner, method)
        if names:
            failed.append(f"{method} ({', '.join(names)})")
        elif tests and all(tests):
            passed.append(method)
        else:
            open_.append(method)
    said = []
    if failed:
        said.append(f"FAILED a test and must not be read as an explanation: {'; '.join(failed)}.")
    if open_:
        said.append(f"Not shown to be about the model, since a test is undecided: {', '.join(open_)}.")
    if passed:
        said.append(f"Passed every test: {', '.join(passed)}.")
    return " ".join([*said, _USE])


def chosen(results: Results) -> str:
    """How the examples were chosen, as a sentence."""
    count = len({picture.number for picture in results.evidence.pictures if picture.kind == "example"})
    if not count:
        return ""
    numbers = all(one.right is None for one in results.evidence.pictures if one.kind == "example")
    rule = (
        "those with the smallest and the largest errors"
        if numbers
        else "for each class those that the model was surest of, rightly and wrongly; a case is taken for its most "
        "probable class, whatever the operating point"
    )
    return f"{plural(count, 'judged case')} of those that were explained: {rule}. They are extremes, no fair sample."


def absent(results: Results, addresses: Mapping[str, str]) -> str:
    """Why there are no pictures in the page, where one could expect some."""
    evidence = results.evidence
    if not evidence.study.show_cases:
        return "Pictures of cases are not shown: the study does not allow it."
    if any(picture.path for picture in evidence.pictures) and not addresses:
        return "The pictures lie beside the run, in its folder artefacts/pictures; write the report there to see them."
    return ""
