"""A network, from prepared arrays to raw outputs, as an ONNX graph."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import onnx
import torch
from torch import Tensor, nn

from bedside.errors import ModelError
from bedside.networks.encoder import Apart
from bedside.training.determinism import deterministic
from bedside.training.feed import Views
from bedside.training.model import Model

OPSET: Final = 20
"""Of the operators of graphs."""

IR: Final = 10
"""Version of the file format that goes with it."""


def network_graph(model: Model[Any], prepared: Apart, views: "Views[Any] | None") -> bytes:
    """The graph: one input an array, one output a look at the cases, any number of cases.

    Raises:
        ModelError: The exporter does not know an operation of the network.
    """
    blank = {name: torch.from_numpy(array) for name, array in prepared.ahead.blank.items()}
    names = tuple(blank)
    training = model.training
    whole = _Whole(model, prepared, views, names).eval()
    cases = torch.export.Dim("cases")
    with deterministic(0), _quiet(), torch.no_grad():
        looks = len(whole(*blank.values()))
        try:
            program = torch.onnx.export(
                whole,
                tuple(blank.values()),
                input_names=list(names),
                output_names=[f"look_{number}" for number in range(looks)],
                dynamic_shapes=(tuple({0: cases} for _ in names),),
                dynamo=True,
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            msg = f"a network of {type(model.encoder).__name__} cannot be written as an ONNX graph: {error}"
            raise ModelError(msg) from error
        finally:
            model.train(training)
    if program is None:  # the exporter's signature allows it where the older exporter is asked
        msg = f"a network of {type(model.encoder).__name__} was not written as an ONNX graph; report this as a fault"
        raise ModelError(msg)
    return plain(program.model_proto)


def plain(model: onnx.ModelProto) -> bytes:
    """A checked graph without what tells where it was made: names of files, lines of code, shapes on the way."""
    model.ir_version = IR
    model.producer_name, model.producer_version, model.doc_string = "bedside", "", ""
    del model.metadata_props[:]
    graph = model.graph
    graph.name, graph.doc_string = "model", ""
    del graph.value_info[:], graph.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    for function in model.functions:
        function.doc_string = ""
        del function.metadata_props[:], function.value_info[:]
        for node in function.node:
            node.doc_string = ""
            del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


class _Whole(nn.Module):
    """Arrays in, raw outputs out, once a look."""

    def __init__(self, model: Model[Any], prepared: Apart, views: "Views[Any] | None", names: tuple[str, ...]) -> None:
        super().__init__()
        self.model, self.prepared, self.views, self.names = model, prepared, views, names

    def forward(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        named: Mapping[str, Tensor] = dict(zip(self.names, arrays, strict=True))
        batch = self.prepared.batch(named)
        looks = [batch] if self.views is None else self.views(batch)
        return tuple(self.model.raw(look).float() for look in looks)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks about its own code."""
    log = logging.getLogger("onnxscript"), logging.getLogger("torch.onnx")
    before = [one.level for one in log]
    for one in log:
        one.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(log, before, strict=True):
            one.setLevel(level)
