"""Random survival forests, grown by scikit-survival and kept as plain arrays that need it no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bedside.comparators.design import Design
from bedside.comparators.event_times import event_times
from bedside.comparators.forest import Trees
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.stats.times import Times, incidences
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers, Json

TREES = 100
BAG = 2_000
MOMENTS = 100
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class ForestOfHazards:
    """Design and the trees of each cause, whose leaves hold cumulative hazards.

    Attributes:
        target: Tells the causes and the grid of times.
        design: Fitted on development.
        trees: One forest a cause; the values of its nodes are cumulative hazards at the grid, shape (nodes, times).
    """

    target: Timed
    design: Design
    trees: tuple[Trees, ...]

    def predict(self, predictors: Sequence[Record]) -> list[Incidence]:
        """One matrix of cumulative incidences a case."""
        found: list[Incidence] = []
        for start in range(0, len(predictors), _CHUNK):
            matrix = self.design.matrix(predictors[start : start + _CHUNK])
            hazards = np.stack([trees.mean(matrix) for trees in self.trees], axis=1)
            curves = incidences(np.diff(hazards, axis=2, prepend=0.0))
            found += self.target.predictions(np.minimum(curves, 1.0))
        return found

    def save(self, folder: Path) -> None:
        """Write the design as JSON, the trees of each cause as safetensors."""
        write_json(folder / "design.json", self.design.state())
        for number, trees in enumerate(self.trees, start=1):
            arrays = trees.arrays() | {"value": trees.value.astype(np.float32)}
            save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, folder / _file(number))


@dataclass(frozen=True)
class SurvivalForest:
    """Recipe: random survival forests (Ishwaran et al., 2008, Ann Appl Stat 2:841), one a cause.

    Trees are divided by the log-rank statistic, of times in at most `MOMENTS` classes with equally many events, which
    ranks cases as well and is several times as fast. The cumulative hazard (Nelson and Aalen) of a leaf is that of the
    bootstrapped cases in it, at their own times. A case that came late is at risk in its leaf from its entry on; the
    divisions are chosen as if it had been watched from the start, since scikit-survival knows no late entries.

    Attributes:
        endpoint: A time to an event.
        schema: The predictors.
        trees: Of each cause.

    Raises:
        ModelError: The endpoint is another, or scikit-survival is not installed, which only fitting needs.
    """

    endpoint: Endpoint[Followed, Incidence]
    schema: Schema
    trees: int = TREES
    name: ClassVar[str] = "survival_forest"
    label: ClassVar[str] = "Random survival forest"
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"leaf_cases": 15, "feature_fraction": 0.3}

    def __post_init__(self) -> None:
        timed(self.endpoint, self.name)

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        several = len(self._target.causes) > 1
        causes = "; one forest of the cause-specific hazard of each cause, put together to cumulative incidences"
        return (
            f"Random survival forest of {self.trees} trees (scikit-survival), each grown on a bootstrap sample of at "
            f"most {BAG:,} cases and divided by the log-rank statistic; category words of at least one case in a "
            "hundred have a column each, missing numbers are replaced by the development median and "
            f"marked{causes if several else ''}."
        )

    def propose(self, trial: Trial) -> Settings:
        """Smallest leaf and share of predictors tried at each division."""
        return {
            "leaf_cases": trial.suggest_int("leaf_cases", 3, 60, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.05, 0.8, log=True),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Followed]],
        selection: Sequence[Sample[Record, Followed]],  # noqa: ARG002 - a forest is not stopped early
        *,
        seed: int,
    ) -> tuple[ForestOfHazards, Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: A cause has fewer than two events in development, or scikit-survival is not installed.
        """
        target = self._target
        times = event_times(target, development, self.name)
        predictors = [sample.predictors for sample in development]
        # Words of fewer than one case in a hundred share the reference, or thousands of columns slow every division.
        design = Design.fit(self.schema, predictors, rarest=max(2, len(predictors) // 100))
        table = design.matrix(predictors).toarray().astype(np.float32)
        with single_thread():
            trees = tuple(
                _grown(table, times, number, target.grid, {**settings, "trees": self.trees}, seed + number - 1)
                for number in range(1, len(target.causes) + 1)
            )
        return ForestOfHazards(target, design, trees), {"nodes": sum(len(one.feature) for one in trees)}

    def load(self, folder: Path) -> ForestOfHazards:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / _file(1)
        try:
            design = Design.from_state(read_json(folder / "design.json"))
            trees = tuple(_read(folder / _file(number)) for number in range(1, len(self._target.causes) + 1))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error
        times = len(self._target.grid)
        for one in trees:
            if one.value.shape != (len(one.feature), times) or not 0 <= one.feature.max() < max(design.width, 1):
                told = f"hazards of {one.value.shape} at nodes that ask for up to {one.feature.max() + 1} columns"
                raise damaged(path, f"{told} do not fit {design.width} columns and {times} times")
        return ForestOfHazards(self._target, design, trees)

    @property
    def _target(self) -> Timed:
        return timed(self.endpoint, self.name)


def _grown(
    table: np.ndarray[Any, np.dtype[np.float32]],
    times: Times,
    cause: int,
    grid: Floats,
    settings: Settings,
    seed: int,
) -> Trees:
    """The forest of one cause."""
    try:
        from sksurv.ensemble import RandomSurvivalForest  # noqa: PLC0415 - an extra, and under the GPL
        from sksurv.util import Surv  # noqa: PLC0415
    except ImportError as error:
        msg = (
            "survival_forest needs scikit-survival, which is not installed; run `pip install 'bedside[survival]'` or "
            "leave the forest out"
        )
        raise ModelError(msg) from error
    had = times.event == cause
    forest = RandomSurvivalForest(
        n_estimators=int(settings["trees"]),
        min_samples_leaf=int(settings["leaf_cases"]),
        min_samples_split=2 * int(settings["leaf_cases"]),
        max_features=float(settings["feature_fraction"]),
        max_samples=min(BAG, len(table)),
        # Leaves are filled here, at the grid: the library would keep every time at every node.
        low_memory=True,
        n_jobs=1,
        random_state=seed,
    )
    forest.fit(table, Surv.from_arrays(had, in_classes(times.time, had)))
    trees = Trees.of(forest)
    value = np.zeros((len(trees.feature), len(grid)))
    for reached, bag in zip(trees.leaves(table), forest.estimators_samples_, strict=True):
        _fill(value, reached[bag], _chosen(times, bag), cause, grid)
    # As it is stored, so that the fitted and the loaded forest are the same.
    return replace(trees, value=value.astype(np.float32).astype(np.float64))


def in_classes(time: Floats, had: np.ndarray[Any, np.dtype[np.bool_]]) -> Floats:
    """Times as the numbers of at most `MOMENTS` classes with equally many events.

    Args:
        time: Shape (n,).
        had: Which ended with the event; the others are at risk for those classes that ended before their time.
    """
    ends = np.unique(time[had])
    if len(ends) > MOMENTS:
        ends = np.unique(np.quantile(time[had], np.linspace(0, 1, MOMENTS + 1)[1:], method="higher"))
    within, after = np.searchsorted(ends, time, side="left"), np.searchsorted(ends, time, side="right")
    return np.where(had, within + 2, after + 1).astype(np.float64)


def _fill(value: Floats, leaf: Integers, times: Times, cause: int, grid: Floats) -> None:
    """Write the cumulative hazards of the leaves of one tree.

    Args:
        value: Of all nodes, shape (nodes, times); changed in place.
        leaf: The node that each of n cases is in.
        times: Of those cases.
        cause: Whose events count.
        grid: At which times, shape (times,).
    """
    had = np.flatnonzero(times.event == cause)
    there = _later(leaf, times.time, leaf[had], times.time[had])
    # Who had not entered by then: watched from that time on, or later.
    there -= _later(leaf, times.entry, leaf[had], times.time[had])
    place = np.searchsorted(grid, times.time[had], side="left")
    inside = place < len(grid)
    np.add.at(value, (leaf[had][inside], place[inside]), 1.0 / there[inside])
    present = np.unique(leaf)
    value[present] = np.cumsum(value[present], axis=1)


def _later(leaf: Integers, moment: Floats, of: Integers, than: Floats) -> Floats:
    """How many cases of the same leaf have such a moment at that of each asked, or later."""
    order = np.lexsort((moment, leaf))
    rank = np.unique(np.concatenate([moment, than]), return_inverse=True)[1]
    width = int(rank.max()) + 1
    key = leaf[order] * width + rank[: len(moment)][order]
    asked = of * width + rank[len(moment) :]
    ends = np.searchsorted(key, (of + 1) * width, side="left")
    return (ends - np.searchsorted(key, asked, side="left")).astype(np.float64)


def _chosen(times: Times, which: Integers) -> Times:
    return Times(times.time[which], times.event[which], times.entry[which])


def _read(path: Path) -> Trees:
    arrays = load_file(path)
    return Trees(**(arrays | {"value": arrays["value"].astype(np.float64)}))


def _file(number: int) -> str:
    return f"trees_{number}.safetensors"
