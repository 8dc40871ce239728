"""What a model chose for the cases that readers put into categories: from a file, or from a finished run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bedside.data.category_readings import NO_MAJORITY, CategoryReference, declared, label
from bedside.data.rows import read_lines
from bedside.errors import TableProblem
from bedside.evidence.schema import Evidence
from bedside.study.category_judges import most_votes
from bedside.study.scores import category_rows, known


@dataclass(frozen=True)
class CategoryModel:
    """A model's categories by case.

    Attributes:
        name: What it is called in rows.
        choice: Label by case; "no majority" where several models of one case tie.
        words: Where the predictions come from, for the methods section.
        reference: Truth and patients as the run has them; None for a file.
        categories: Classes of the run, in its order; empty for a file.
        run: Data hash and code hash of the run; None for a file.
        folds: Whether several models made the predictions, one a fold.
        notes: What must be known before the model is compared.
    """

    name: str
    choice: Mapping[str, str]
    words: str
    reference: CategoryReference | None = None
    categories: tuple[str, ...] = ()
    run: tuple[str, str] | None = None
    folds: bool = False
    notes: tuple[str, ...] = field(default=())


def from_file(path: Path, categories: Sequence[str], *, name: str = "model") -> CategoryModel:
    """Predictions from a CSV of case and prediction, a category.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a case named twice, a prediction that is none of the categories.
    """
    found: dict[str, str] = {}
    for line in read_lines(path, ("case", "prediction")):
        case = line.require("case")
        if case in found:
            msg = f"{line.place}: this case has a prediction already; give each case once"
            raise TableProblem(msg)
        found[case] = label(line, "prediction", categories)
    return CategoryModel(name, found, "The model's categories were read from a file.")


def from_run(folder: Path, evidence: Evidence, learner: str = "", validation: str = "") -> CategoryModel:
    """A learner's most probable classes in one validation of a finished run, by sample.

    Of equally probable classes the first is taken, as the run's own measures do. Where repeated folds judged a case
    several times the class with the most votes is taken, a tie being "no majority".

    Args:
        folder: Of the run.
        evidence: Of the run.
        learner: By name; the model on trial when empty.
        validation: By name; the primary one when empty.

    Raises:
        RunMismatch: The predictions are missing, or the outcome is not one of several classes.
        StudyError: The run has no such learner or validation, or its classes cannot serve as categories.
    """
    name = known(learner or evidence.study.model, [each.name for each in evidence.study.learners], "learner", folder)
    chosen = known(
        validation or evidence.study.primary_validation, [v.name for v in evidence.validations], "validation", folder
    )
    judged = category_rows(folder, evidence, name, chosen, purpose="a reader study of categories")
    classes = declared(evidence.study.classes)
    columns = [f"prediction.probability_{k}" for k in range(len(classes))]
    votes: dict[str, list[int]] = defaultdict(list)
    for row in judged:
        votes[row["sample"]].append(int(np.argmax([row[column] for column in columns])))
    splits = len({row["split"] for row in judged})
    notes = ["The study behind the model ran on simulated data."] if evidence.study.simulated else []
    if splits > 1:
        notes.append(
            f"The model's categories are those of {splits} models, one a split: tests take the fitted models as given, "
            "and nothing generalises to readers. A holdout has one model."
        )
    where = f"of {splits} splits, each on cases that it had not seen," if splits > 1 else "on the test partition"
    return CategoryModel(
        name=next(each.label for each in evidence.study.learners if each.name == name),
        choice={case: _winner(each, classes) for case, each in votes.items()},
        words=f"The model's most probable classes {where} come from a run of {evidence.study.name}.",
        reference=CategoryReference(
            {row["sample"]: classes[int(row["outcome.outcome"])] for row in judged},
            {row["sample"]: str(row["patient"]) for row in judged},
        ),
        categories=classes,
        run=(evidence.provenance.data_hash, evidence.provenance.code_hash),
        folds=splits > 1,
        notes=tuple(notes),
    )


def _winner(votes: Sequence[int], classes: Sequence[str]) -> str:
    """The class with the most votes, or that there is none."""
    found = int(most_votes(np.array(votes, dtype=np.float64)[:, None], len(classes))[0])
    return classes[found] if found < len(classes) else NO_MAJORITY
