"""Several findings that may coexist: Y holds True, False or None (not read) a label, a prediction a probability."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bedside.endpoints.cell import code, is_missing, refused
from bedside.endpoints.endpoint import Endpoint, Reference
from bedside.endpoints.multilabel.figures import multilabel_figures
from bedside.endpoints.multilabel.labels import (
    UNREAD,
    Chances,
    Findings,
    Label,
    Labels,
    as_chances,
    as_findings,
    binary_log_losses,
    cells_of,
    chances,
    labelled,
    matrix_of,
    truths,
)
from bedside.endpoints.multilabel.measures import multilabel_measures
from bedside.endpoints.multilabel.thresholds import WORDS, checked, chosen
from bedside.errors import OutcomeProblem, StatisticsError
from bedside.types import Floats

_NOTHING = "no finding"
_UNREAD = "not read: "
_FEWEST_CASES = 30
"""Fewer judged cases with the rarest finding leave means over labels uncertain."""


def multilabel(
    *, labels: tuple[str, ...], thresholds: Mapping[str, float] | None = None
) -> Endpoint[Findings, Chances]:
    """An endpoint of several findings that may coexist.

    An outcome is a tuple with True, False or None for each label, in order; None is a label that nobody read: it
    takes part in no loss and no measure. Several models' probabilities are pooled by their mean, label by label.
    Splits are balanced by the first finding that is present in the order of the labels: name the rarest first.

    Args:
        labels: Words of the findings, without any of , ; | ?.
        thresholds: From which probability a finding is called present, by label; where one is not given, that with
            the highest Youden index on tuning data.

    Raises:
        StudyError: Fewer than two different labels, or a threshold of another label or outside (0, 1).
    """
    each = labelled(labels)
    count, declared = len(each), dict(thresholds or {})
    checked(declared, each)

    def cut(reference: Reference[Findings, Chances]) -> dict[str, float]:
        return chosen(truths(reference.tuning, count), chances(reference.predictions, count), each, declared)

    return Endpoint(
        name="multilabel",
        target=Labels(each),
        primary="auroc_macro",
        stratum=lambda outcome: next((k for k, there in enumerate(outcome) if there), count),
        describe=lambda outcome: _described(outcome, labels),
        parse=_parser(each),
        measures=lambda reference: multilabel_measures(each, cut(reference)),
        settings=lambda reference: {f"threshold_{slug}": value for slug, value in cut(reference).items()},
        rule=f"{WORDS}; declared before the run: {', '.join(sorted(declared))}" if declared else WORDS,
        declared={f"threshold_{label.slug}": declared[label.name] for label in each if label.name in declared},
        loss=lambda outcomes, predictions: _loss(truths(outcomes, count), chances(predictions, count)),
        pool=_mean,
        cells=lambda predictions: cells_of(
            np.array(predictions, dtype=np.float64).reshape(len(predictions), count), each, "probability"
        ),
        restore=lambda cells: as_chances(matrix_of(cells, each, "probability")),
        outcome_cells=lambda outcomes: cells_of(truths(outcomes, count), each, "outcome"),
        restore_outcomes=lambda cells: as_findings(matrix_of(cells, each, "outcome")),
        figures=lambda views: multilabel_figures(views, each),
        doubt=lambda values: _doubt(values, each),
    )


def _loss(truth: Floats, matrix: Floats) -> float:
    """Mean log loss of all labels that were read; raises StatisticsError where none was."""
    read = int((truth != UNREAD).sum())
    if not read:
        msg = f"none of the labels of {len(truth)} cases was read; the loss needs at least one"
        raise StatisticsError(msg)
    return float(binary_log_losses(truth, matrix).sum() / read)


def _mean(members: Sequence[Sequence[Chances]]) -> list[Chances]:
    """Mean of the members' probabilities, case by case and label by label."""
    return as_chances(np.mean(np.asarray(members, dtype=np.float64), axis=0))


def _described(outcome: Findings, names: tuple[str, ...]) -> str:
    there = ", ".join(name for name, found in zip(names, outcome, strict=True) if found)
    unread = ", ".join(name for name, found in zip(names, outcome, strict=True) if found is None)
    return (there or _NOTHING) + (f"; {_UNREAD}{unread}" if unread else "")


def _parser(labels: tuple[Label, ...]) -> Callable[[object], Findings]:
    names = {code(label.name) or "": label.place for label in labels}
    forms = (
        f"{_NOTHING!r}, or findings among {', '.join(repr(label.name) for label in labels)} parted by comma, semicolon "
        f"or bar (then '; {_UNREAD}' and labels that were not read)"
    )

    def places(text: str, cell: object) -> set[int]:
        words = [code(word) or "" for word in text.replace("|", ",").replace(";", ",").split(",")]
        if any(word not in names for word in words):
            raise refused(cell, forms)
        return {names[word] for word in words}

    def parse(cell: object) -> Findings:
        if not isinstance(cell, str) or is_missing(cell):
            raise refused(cell, forms)
        told, _, unread = cell.casefold().partition(_UNREAD)
        said = told.strip().removesuffix(";").strip()
        there = set() if code(said) == _NOTHING else places(said, cell)
        missing = places(unread, cell) if unread else set()
        if there & missing:
            msg = f"outcome names a label as present and as not read; allowed are {forms}; name it once"
            raise OutcomeProblem(msg)
        return tuple(None if k in missing else k in there for k in range(len(labels)))

    return parse


def _doubt(values: Mapping[str, float], labels: tuple[Label, ...]) -> str:
    """What a reader of the verdict must know: a rare finding, a label that is not told apart, chance agreement."""
    doubts = []
    rarest = values.get("smallest_class")
    if rarest is not None and rarest < _FEWEST_CASES:
        doubts.append(
            f"only {rarest:.0f} cases with the rarest finding were judged, so that means over labels are uncertain"
        )
    blind = [label.name for label in labels if values.get(f"auroc_{label.slug}", 1.0) <= 0.5]
    if blind:
        doubts.append(f"it cannot tell {', '.join(blind)} from other cases (AUROC not above 0.5)")
    ranks, decides = values.get("auroc_macro"), values.get("f1_macro")
    if ranks is not None and decides is not None and ranks > 0.8 and decides < 0.2:
        doubts.append(
            f"it ranks cases well (AUROC {ranks:.2f}), yet few of the findings that it decides on are right (F1 "
            f"{decides:.2f}): they are rare"
        )
    text = "; ".join(doubts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
