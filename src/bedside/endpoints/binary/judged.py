"""One learner's judged rows as arrays, and what figures need to know of the endpoint."""

from dataclasses import dataclass

import numpy as np

from bedside.endpoints.drawing import named, within_splits
from bedside.endpoints.endpoint import View
from bedside.stats.roc import auroc_statistic, average_precision_statistic
from bedside.types import Booleans, Floats, Integers, Weights

BinaryView = View[bool, float]


@dataclass(frozen=True)
class Drawing:
    """What figures need to know of the endpoint."""

    positive: str
    negative: str
    rule: str
    net_benefit: tuple[float, float]
    prevalence: float | None = None


@dataclass(frozen=True)
class Judged:
    """One learner's rows as arrays."""

    view: BinaryView
    truth: Booleans
    probability: Floats

    @property
    def name(self) -> str:
        """The learner's name in words."""
        return self.view.label or named(self.view.learner)

    @property
    def flagged(self) -> Booleans:
        """Who is called positive, each at the threshold of the own split."""
        thresholds = np.array([settings["threshold"] for settings in self.view.settings])
        called: Booleans = self.probability >= thresholds[self.view.fold]
        return called

    def mean(self, values: Floats | Booleans, among: Booleans | None = None) -> float:
        """Mean over the rows, or some of them, each as often as it stands for cases."""
        rows = np.ones(values.size, dtype=np.bool_) if among is None else among
        if self.view.weights is None:
            return float(values[rows].mean())
        return float(np.average(values[rows], weights=self.view.weights[rows]))

    def stand(self, rows: Integers) -> Weights:
        """How many cases each of these rows stands for, shape (1, rows)."""
        return np.ones((1, rows.size)) if self.view.weights is None else self.view.weights[None, rows]

    @property
    def repeated_patients(self) -> Integers | None:
        """Each row's patient where patients repeat; None where every row is another patient."""
        patient = self.view.patient
        return patient if np.unique(patient).size < patient.size else None

    @property
    def auroc(self) -> float:
        """AUROC, mean within splits."""
        return within_splits(self.view, self._auroc)

    @property
    def average_precision(self) -> float:
        """Average precision, mean within splits."""
        return within_splits(self.view, self._average_precision)

    def _auroc(self, rows: Integers) -> float:
        return float(auroc_statistic(self.probability[rows], self.truth[rows])(self.stand(rows))[0])

    def _average_precision(self, rows: Integers) -> float:
        statistic = average_precision_statistic(self.probability[rows], self.truth[rows])
        return float(statistic(self.stand(rows))[0])
