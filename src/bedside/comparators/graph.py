"""Conventional models as ONNX graphs, in double precision: a split or a sum is what the library made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bedside.types import Booleans, Floats, Integers

OPSET: Final = 20
TREES_OPSET: Final = 5
"""Of ai.onnx.ml: the first whose trees compare and add in double precision."""

IR: Final = 10

AT_MOST, IS = 0, 4
"""How a node compares its column with its number (BRANCH_LEQ and BRANCH_EQ)."""

_TREES: Final = "ai.onnx.ml"
_PREDICTORS, _SCORES = "predictors", "scores"


@dataclass(frozen=True, eq=False)
class Nodes:
    """Trees as arrays: `m` inner nodes, `l` leaves, `t` trees.

    Attributes:
        roots: Number of the first inner node of each tree, shape (t,).
        column: That is compared, shape (m,).
        number: It is compared with, shape (m,).
        how: `AT_MOST` or `IS`, shape (m,).
        missing: Whether a missing value goes where a true comparison goes, shape (m,).
        yes: Inner node or leaf where a true comparison goes, shape (m,).
        yes_leaf: Which of both it is, shape (m,).
        no: As `yes`, for a false one.
        no_leaf: As `yes_leaf`.
        output: That a leaf adds to, shape (l,).
        value: That it adds, shape (l,).
        outputs: How many there are.
    """

    roots: Integers
    column: Integers
    number: Floats
    how: Integers
    missing: Booleans
    yes: Integers
    yes_leaf: Booleans
    no: Integers
    no_leaf: Booleans
    output: Integers
    value: Floats
    outputs: int


def linear_graph(coefficients: Floats, intercepts: Floats) -> bytes:
    """The sum of predictors times coefficients (p, s) and intercepts (s,), each case by itself."""
    nodes = [
        helper.make_node("Unsqueeze", [_PREDICTORS, "inner"], ["rows"]),
        helper.make_node("Mul", ["rows", "coefficients"], ["terms"]),
        # A product of matrices may sum in another order for one case than for several.
        helper.make_node("ReduceSum", ["terms", "last"], ["sums"], keepdims=0),
        helper.make_node("Add", ["sums", "intercepts"], [_SCORES]),
    ]
    held = {
        "inner": np.array([1]),
        "last": np.array([2]),
        "coefficients": np.ascontiguousarray(coefficients.T)[None],
        "intercepts": np.asarray(intercepts, dtype=np.float64),
    }
    return _written(nodes, held, len(coefficients), len(intercepts))


def trees_graph(trees: Nodes, columns: int, *, nothing: float = 0.0) -> bytes:
    """Sums of the leaves that cases reach.

    Args:
        trees: As arrays.
        columns: Of predictors.
        nothing: A predictor that is no further from 0 than this is read as 0.
    """
    nodes = [
        helper.make_node("Abs", [_PREDICTORS], ["sizes"]),
        helper.make_node("LessOrEqual", ["sizes", "nothing"], ["small"]),
        helper.make_node("Where", ["small", "zero", _PREDICTORS], ["compared"]),
        _trees(trees, "compared", _SCORES),
    ]
    return _written(nodes, {"nothing": np.array(nothing), "zero": np.array(0.0)}, columns, trees.outputs)


def forest_graph(trees: Nodes, leaves: Floats, columns: int) -> bytes:
    """Sums over trees of several values a leaf; predictors are rounded to single precision before they are compared.

    Args:
        trees: Whose outputs are the number of the leaf that a case reaches in each of them.
        leaves: Values of each leaf, shape (l, k).
        columns: Of predictors.
    """
    nodes = [
        helper.make_node("Cast", [_PREDICTORS], ["rounded"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["rounded"], ["compared"], to=TensorProto.DOUBLE),
        _trees(trees, "compared", "numbers"),
        helper.make_node("Cast", ["numbers"], ["reached"], to=TensorProto.INT64),
        helper.make_node("Gather", ["leaves", "reached"], ["found"]),
        helper.make_node("ReduceSum", ["found", "each"], [_SCORES], keepdims=0),
    ]
    held = {"leaves": np.ascontiguousarray(leaves, dtype=np.float64), "each": np.array([1])}
    return _written(nodes, held, columns, leaves.shape[1])


def _trees(trees: Nodes, given: str, found: str) -> onnx.NodeProto:
    """One node of the graph that holds all trees."""
    return helper.make_node(
        "TreeEnsemble",
        [given],
        [found],
        domain=_TREES,
        n_targets=trees.outputs,
        aggregate_function=1,
        post_transform=0,
        tree_roots=trees.roots.tolist(),
        nodes_featureids=trees.column.tolist(),
        nodes_modes=helper.make_tensor("modes", TensorProto.UINT8, [len(trees.how)], trees.how.tolist()),
        nodes_splits=numpy_helper.from_array(trees.number.astype(np.float64), "splits"),
        nodes_truenodeids=trees.yes.tolist(),
        nodes_trueleafs=trees.yes_leaf.astype(np.int64).tolist(),
        nodes_falsenodeids=trees.no.tolist(),
        nodes_falseleafs=trees.no_leaf.astype(np.int64).tolist(),
        nodes_missing_value_tracks_true=trees.missing.astype(np.int64).tolist(),
        leaf_targetids=trees.output.tolist(),
        leaf_weights=numpy_helper.from_array(trees.value.astype(np.float64), "leaves"),
    )


def _written(nodes: Sequence[onnx.NodeProto], held: "dict[str, np.ndarray]", columns: int, outputs: int) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        "model",
        [helper.make_tensor_value_info(_PREDICTORS, TensorProto.DOUBLE, ["cases", columns])],
        [helper.make_tensor_value_info(_SCORES, TensorProto.DOUBLE, ["cases", outputs])],
        [numpy_helper.from_array(array, name) for name, array in held.items()],
    )
    sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_TREES, TREES_OPSET)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=IR, producer_name="bedside")
    onnx.checker.check_model(model, full_check=True)
    written: bytes = model.SerializeToString(deterministic=True)
    return written
