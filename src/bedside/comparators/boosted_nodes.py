"""LightGBM's trees as nodes of an ONNX graph."""

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np

from bedside.comparators.graph import AT_MOST, IS, Nodes
from bedside.training.export import NoGraph

NOTHING = float(np.float32(1e-35))
"""LightGBM reads a predictor that is no further from 0 than this as 0, before any comparison."""


def boosted_nodes(booster: lightgbm.Booster) -> "Nodes | NoGraph":
    """The trees of a booster, whose raw scores are the sums of their leaves; or why they are no nodes.

    Numbers go left at or below the threshold, category codes where they are the one that the node asks for. A missing
    number goes where LightGBM learned that it goes, or, at nodes that have never seen one, where 0 goes.
    """
    model = booster.dump_model()
    outputs = int(model["num_tree_per_iteration"])
    made = _Made()
    for number, tree in enumerate(model["tree_info"]):
        refused = made.tree(tree["tree_structure"], number % outputs)
        if refused:
            return NoGraph(f"gradient boosting {refused}, which the trees of ONNX do not know")
    return made.nodes(outputs)


class _Made:
    """Nodes and leaves in the order in which they are met."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.inner: list[list[int]] = []
        self.numbers: list[float] = []
        self.leaves: list[tuple[int, float]] = []

    def tree(self, root: Mapping[str, Any], output: int) -> str:
        """Take in a tree; what stands in the way, or ""."""
        self.roots.append(len(self.inner))
        if "leaf_value" in root:
            # A tree needs a node: both ways lead to the one leaf.
            self.inner.append([0, AT_MOST, 1, len(self.leaves), 1, len(self.leaves), 1])
            self.numbers.append(0.0)
            self.leaves.append((output, root["leaf_value"]))
            return ""
        waiting: list[tuple[Mapping[str, Any], int, int]] = [(root, -1, 0)]
        while waiting:
            node, parent, place = waiting.pop()
            leaf = "leaf_value" in node
            if parent >= 0:
                self.inner[parent][place : place + 2] = [len(self.leaves) if leaf else len(self.inner), int(leaf)]
            if leaf:
                self.leaves.append((output, node["leaf_value"]))
                continue
            split = _split(node)
            if isinstance(split, str):
                return split
            here = len(self.inner)
            number, how, missing = split
            self.inner.append([node["split_feature"], how, missing, 0, 0, 0, 0])
            self.numbers.append(number)
            waiting += [(node["right_child"], here, 5), (node["left_child"], here, 3)]
        return ""

    def nodes(self, outputs: int) -> Nodes:
        """All of them as arrays."""
        table = np.array(self.inner, dtype=np.int64).reshape(-1, 7)
        column, how, missing, yes, yes_leaf, no, no_leaf = table.T
        return Nodes(
            roots=np.array(self.roots, dtype=np.int64),
            column=column,
            number=np.array(self.numbers, dtype=np.float64),
            how=how,
            missing=missing > 0,
            yes=yes,
            yes_leaf=yes_leaf > 0,
            no=no,
            no_leaf=no_leaf > 0,
            output=np.array([output for output, _ in self.leaves], dtype=np.int64),
            value=np.array([value for _, value in self.leaves], dtype=np.float64),
            outputs=outputs,
        )


def _split(node: Mapping[str, Any]) -> "tuple[float, int, int] | str":
    """What a node compares with, how, and whether a missing value goes left; or what stands in the way."""
    threshold, missing = node["threshold"], node["missing_type"]
    if node["decision_type"] == "==":
        codes = str(threshold).split("||")
        return (float(codes[0]), IS, 0) if len(codes) == 1 else f"divides {len(codes)} categories at once"
    if node["decision_type"] != "<=" or missing not in ("None", "NaN"):
        return f"compares by {node['decision_type']!r} with {missing!r} as missing"
    return float(threshold), AT_MOST, int(node["default_left"] if missing == "NaN" else threshold >= 0.0)
