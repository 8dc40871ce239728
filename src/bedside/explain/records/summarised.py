"""Contributions of codes to conventional models on summaries of the observation window."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from bedside.explain.explainer import Subject
from bedside.explain.method import Method
from bedside.explain.randomised import refitted_on_permuted_outcomes
from bedside.explain.records.method import Told, code_names, foremost
from bedside.modalities.records.history import AGE, BIRTH, History
from bedside.modalities.records.spoken import called
from bedside.modalities.records.summaries import Summaries
from bedside.modalities.records.vocabulary import code_of
from bedside.modalities.tabular.table import Record, Table, records
from bedside.training.learner import Fitted
from bedside.types import Floats, Integers


@runtime_checkable
class OnSummaries(Protocol):
    """A model of rows, with the summaries that make rows of histories."""

    model: Fitted[Record, Any]
    summaries: Summaries


@dataclass(frozen=True)
class SummaryContributions:
    """A method for tables, its contributions added up for the code that each column sums up.

    Attributes:
        method: For the conventional model.
    """

    method: Method

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def label(self) -> str:
        """The method's label."""
        return self.method.label

    @property
    def description(self) -> str:
        """The method's description."""
        return f"{self.method.description.rstrip('.')}; columns that sum up one code are added to it."

    def told(
        self,
        members: Sequence[Fitted[History, Any]],
        background: Sequence[History],
        cases: Sequence[History],
        chosen: Integers,
    ) -> "Told | None":
        """Mean over members; None for anything but models on summaries to which the method applies."""
        models = [member for member in members if isinstance(member, OnSummaries)]
        if not models or len(models) < len(members):
            return None
        found = [self._of_one(model, background, cases, chosen) for model in models]
        several = [one for one in found if one is not None]
        if len(several) < len(found):
            return None
        codes = sorted({code for names, _ in several for code in names})
        place = {code: k for k, code in enumerate(codes)}
        values = np.zeros((len(cases), len(codes)))
        for names, each in several:
            for name, column in zip(names, each.T, strict=True):
                values[:, place[name]] += column / len(several)
        rows = tuple(_spread(case, place, one) for case, one in zip(cases, values, strict=True))
        kept, columns = foremost(codes, values)
        return Told(tuple(kept), columns, rows, by_event=False)

    def randomised(self, subject: Subject[History, Any], seed: int) -> Fitted[History, Any]:
        """Fitted on permuted outcomes; raises ModelError where that cannot be done."""
        return refitted_on_permuted_outcomes(subject, seed)

    def _of_one(
        self, model: OnSummaries, background: Sequence[History], cases: Sequence[History], chosen: Integers
    ) -> "tuple[list[str], Floats] | None":
        """The code of each column, and the columns' contributions."""
        usual, rows = (records(Table(model.summaries.table(histories))) for histories in (background, cases))
        found = self.method.contributions([model.model], usual, rows, chosen)
        if found is None:
            return None
        names = called([*cases, *background])
        codes = [code_of(token) for token in model.summaries.tokens]
        return [names.get(code, AGE if code == BIRTH else code) for code in codes], found.values


def _spread(case: History, place: dict[str, int], values: Floats) -> Floats:
    """The values of codes, in equal shares over the rows of a history that hold them; 0 for rows of other codes."""
    names = code_names(case)
    count = Counter(names)
    return np.array([values[place[name]] / count[name] if name in place else 0.0 for name in names], dtype=np.float64)
