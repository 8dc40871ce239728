"""A random forest, kept as plain arrays so that it can be saved without pickle."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.sparse import csr_array
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree._tree import NODE_DTYPE, Tree

from bedside.comparators.decoding import Votes, from_means
from bedside.comparators.design import Design
from bedside.comparators.outcome import class_numbers, conventional, numbers
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint, Numeric
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers, Json

if TYPE_CHECKING:
    from bedside.comparators.graph import Nodes
    from bedside.training.graph_model import GraphModel

P = TypeVar("P")

TREES = 100
BAG = 20_000
_CHUNK = 2_048


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a forest in one set of arrays; `m` nodes in all, `t` trees.

    Attributes:
        roots: Node number of each root, shape (t,).
        children: Node numbers of the left and right child, shape (m, 2); a leaf points to itself.
        feature: Column that is compared, shape (m,).
        threshold: At most this goes left, shape (m,).
        value: Mean outcome or class shares of a node, shape (m, k).
    """

    roots: Integers
    children: Integers
    feature: Integers
    threshold: Floats
    value: Floats

    @classmethod
    def of(cls, forest: Any) -> "Trees":  # noqa: ANN401 - scikit-learn has no types
        """The arrays of a fitted scikit-learn forest."""
        trees = [estimator.tree_ for estimator in forest.estimators_]
        roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])]).astype(np.int64)
        children, values = [], []
        for root, tree in zip(roots, trees, strict=True):
            pair = np.column_stack([tree.children_left, tree.children_right]).astype(np.int64)
            itself = np.arange(tree.node_count)[:, None]
            children.append(np.where(pair < 0, itself, pair) + root)
            values.append(tree.value[:, 0, :])
        return cls(
            roots,
            np.concatenate(children),
            np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.int64),
            np.concatenate([tree.threshold for tree in trees]),
            np.concatenate(values),
        )

    def leaves(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Iterator[Integers]:
        """Of each tree in turn, the node number of the leaf that each row reaches, shape (n,).

        scikit-learn's compiled trees follow the rows: as the arrays say, and several times as fast for many rows.

        Args:
            rows: Finite, contiguous, shape (n, columns).

        Raises:
            ModelError: The arrays are no trees over that many columns.
        """
        if not 0 <= self.feature.min() <= self.feature.max() < rows.shape[1]:
            msg = f"a forest over {int(self.feature.max()) + 1} columns was asked about rows of {rows.shape[1]}"
            raise ModelError(msg)
        for root, tree in zip(self.roots.tolist(), self._compiled, strict=True):
            yield tree.apply(rows) + root

    @cached_property
    def _compiled(self) -> tuple[Any, ...]:
        """scikit-learn's trees, made from the arrays as it makes them when it reads a forest back."""
        made = []
        for root, end in pairwise([*self.roots.tolist(), len(self.feature)]):
            children, itself = self.children[root:end] - root, np.arange(end - root)
            leaf = (children == itself[:, None]).all(axis=1)
            # Compiled code follows numbers unchecked: a child stands after its parent and within the tree.
            if not (leaf | ((children > itself[:, None]) & (children < end - root)).all(axis=1)).all():
                msg = "the arrays of a forest are no trees: a node's children do not stand after it; load another copy"
                raise ModelError(msg)
            nodes = np.zeros(end - root, dtype=NODE_DTYPE)
            nodes["left_child"], nodes["right_child"] = np.where(leaf[:, None], -1, children).T
            nodes["feature"] = np.where(leaf, -2, self.feature[root:end])
            nodes["threshold"] = np.where(leaf, -2.0, self.threshold[root:end])
            tree = Tree(int(self.feature.max()) + 1, np.array([1], dtype=np.intp), 1)
            values = np.zeros((end - root, 1, 1))
            tree.__setstate__({"max_depth": 0, "node_count": end - root, "nodes": nodes, "values": values})
            made.append(tree)
        return tuple(made)

    def mean(self, matrix: csr_array) -> Floats:
        """The mean over trees of the reached leaves' values, shape (n, k)."""
        # scikit-learn grows and asks its trees in single precision.
        chunks = (matrix[start : start + _CHUNK] for start in range(0, matrix.shape[0], _CHUNK))
        with np.errstate(over="ignore"):  # what overflows lies beyond every threshold in any case
            return np.concatenate([self._mean(chunk.toarray().astype(np.float32)) for chunk in chunks])

    def _mean(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Floats:
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots))).copy()
        case = np.arange(len(rows))[:, None]
        while True:
            right = rows[case, self.feature[node]] > self.threshold[node]
            reached = self.children[node, right.astype(np.int64)]
            if np.array_equal(reached, node):
                return np.asarray(self.value[node].mean(axis=1))
            node = reached

    def nodes(self) -> "Nodes":
        """The trees as nodes of an ONNX graph, each of which gives the number of the leaf that a case reaches."""
        from bedside.comparators.graph import AT_MOST, Nodes  # noqa: PLC0415 - heavy, and needed for a release only

        leaf = (self.children == np.arange(len(self.children))[:, None]).all(axis=1)
        # Numbers among inner nodes, and among leaves; a tree that is a leaf needs an inner node to lead to it.
        alone = leaf[self.roots]
        inner = ~leaf
        inner[self.roots[alone]] = True
        number = np.where(leaf, np.cumsum(leaf), np.cumsum(inner)) - 1
        own = np.cumsum(inner) - 1
        tree = np.searchsorted(self.roots, np.flatnonzero(leaf), side="right") - 1
        to = self.children[inner]
        return Nodes(
            roots=own[self.roots],
            column=self.feature[inner],
            number=self.threshold[inner],
            how=np.full(len(to), AT_MOST),
            missing=np.zeros(len(to), dtype=np.bool_),
            yes=number[to[:, 0]],
            yes_leaf=leaf[to[:, 0]],
            no=number[to[:, 1]],
            no_leaf=leaf[to[:, 1]],
            output=tree,
            value=np.arange(len(tree), dtype=np.float64),
            outputs=len(self.roots),
        )

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """The arrays by name."""
        return {
            "roots": self.roots,
            "children": self.children,
            "feature": self.feature,
            "threshold": self.threshold,
            "value": self.value,
        }


@dataclass(frozen=True, eq=False)
class ForestModel(Generic[P]):
    """Design, trees and the way to a prediction; `present` are the class numbers that the trees know."""

    endpoint: Endpoint[Any, P]
    design: Design
    trees: Trees
    present: Integers

    def predict(self, predictors: Sequence[Record]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        means = self.trees.mean(self.design.matrix(predictors))
        return from_means(self.endpoint, means, len(self.trees.roots), self.present)

    def graphed(self) -> "GraphModel[Record, P]":
        """The same trees as an ONNX graph that compares in single precision and adds in double, as it does."""
        from bedside.comparators.graph import forest_graph  # noqa: PLC0415 - heavy, and needed for a release only
        from bedside.training.graph_model import GraphModel  # noqa: PLC0415

        leaves = self.trees.value[(self.trees.children == np.arange(len(self.trees.children))[:, None]).all(axis=1)]
        graph = forest_graph(self.trees.nodes(), leaves, self.design.width)
        votes = Votes(self.endpoint, len(self.trees.roots), self.present)
        return GraphModel(self.endpoint, self.design, graph, votes, _CHUNK)

    def save(self, folder: Path) -> None:
        """Write the design as JSON, trees as safetensors."""
        write_json(folder / "design.json", self.design.state())
        arrays = {name: np.ascontiguousarray(array) for name, array in self.trees.arrays().items()}
        save_file({**arrays, "present": self.present}, folder / "trees.safetensors")


@dataclass(frozen=True)
class Forest(Generic[P]):
    """Recipe: a random forest (Breiman, 2001).

    Attributes:
        endpoint: Categorical gives a classifier, numeric a regressor.
        schema: The predictors.
    """

    endpoint: Endpoint[Any, P]
    schema: Schema
    name: ClassVar[str] = "random_forest"
    label: ClassVar[str] = "Random forest"
    description: ClassVar[str] = (
        f"Random forest of {TREES} trees (scikit-learn), each grown on a bootstrap sample of at most {BAG:,} cases; "
        "category words of at least one case in a hundred have a column each, missing numbers are replaced by the "
        "development median and marked."
    )
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"leaf_cases": 3, "feature_fraction": 0.3}

    def propose(self, trial: Trial) -> Settings:
        """Smallest leaf and share of predictors tried at each division."""
        return {
            "leaf_cases": trial.suggest_int("leaf_cases", 1, 50, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.05, 0.8, log=True),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Record, Any]],
        selection: Sequence[Sample[Record, Any]],  # noqa: ARG002 - a forest is not stopped early
        *,
        seed: int,
    ) -> tuple[ForestModel[P], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: Development holds one class only, or a number is not finite.
        """
        target = conventional(self.endpoint, "forest")
        predictors = [sample.predictors for sample in development]
        # Words of fewer than one case in a hundred share the reference, or thousands of columns slow every division.
        design = Design.fit(self.schema, predictors, rarest=max(2, len(predictors) // 100))
        regression = isinstance(target, Numeric)
        outcome = (
            numbers(target, development, self.name)
            if isinstance(target, Numeric)
            else class_numbers(target, development, self.name)
        )
        forest = (RandomForestRegressor if regression else RandomForestClassifier)(
            n_estimators=TREES,
            min_samples_leaf=int(settings["leaf_cases"]),
            max_features=float(settings["feature_fraction"]),
            max_samples=min(BAG, len(outcome)),
            n_jobs=1,
            random_state=seed,
        )
        with single_thread():
            forest.fit(design.matrix(predictors).toarray().astype(np.float32), outcome)
        present = np.zeros(1, dtype=np.int64) if regression else forest.classes_.astype(np.int64)
        trees = Trees.of(forest)
        return ForestModel(self.endpoint, design, trees, present), {"nodes": len(trees.feature)}

    def load(self, folder: Path) -> ForestModel[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "trees.safetensors"
        try:
            design = Design.from_state(read_json(folder / "design.json"))
            arrays = load_file(path)
            present = arrays.pop("present")
            return ForestModel(self.endpoint, design, Trees(**arrays), present)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error
