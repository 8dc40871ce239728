"""ONNX Runtime as every graph of ours is run: on one thread of the processor, the same numbers every time."""

from collections.abc import Mapping
from typing import Any

import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as failures  # type: ignore[import-untyped]

from bedside.errors import ModelError

FAILURES: tuple[type[Exception], ...] = (
    failures.EPFail,
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.ModelLoaded,
    failures.NoModel,
    failures.NoSuchFile,
    failures.NotImplemented,
    failures.RuntimeException,
)
"""What ONNX Runtime raises; its errors have no class in common."""

_ERRORS_ONLY = 3


class Session:
    """A graph that is ready to run."""

    def __init__(self, graph: bytes) -> None:
        """Read a graph; it holds all of its weights, none lie in other files.

        Raises:
            ModelError: It is no graph, or holds what ONNX Runtime does not know.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except FAILURES as error:
            msg = f"an ONNX graph cannot be read ({_first_line(error)}); restore its folder from a copy"
            raise ModelError(msg) from error
        self.inputs = tuple(one.name for one in self._session.get_inputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Outputs in the graph's order.

        Raises:
            ModelError: The arrays are not what the graph takes, or it fails on them.
        """
        if set(inputs) != set(self.inputs):
            msg = f"an ONNX graph takes {sorted(self.inputs)} and was given {sorted(inputs)}; it belongs to other files"
            raise ModelError(msg)
        try:
            found: list[NDArray[Any]] = self._session.run(None, dict(inputs))
        except FAILURES as error:
            msg = f"an ONNX graph failed ({type(error).__name__}) on arrays of {_shapes(inputs)}"
            raise ModelError(msg) from error
        return found


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _shapes(inputs: Mapping[str, NDArray[Any]]) -> str:
    return ", ".join(f"{name}: {array.dtype} {array.shape}" for name, array in sorted(inputs.items()))
