"""The other side: HealthChain answers the same calls with the same ONNX graphs. Runs in an environment of its own.

python peer.py RELEASE PORT
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import uvicorn
from healthchain.gateway import CDSHooksService, HealthChainAPI  # type: ignore[import-not-found]
from healthchain.models import CDSRequest, CDSResponse  # type: ignore[import-not-found]


def main(release: Path, port: int) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    graphs = [onnxruntime.InferenceSession(path, options) for path in sorted(release.rglob("*.onnx"))]
    hooks = CDSHooksService()

    @hooks.hook("patient-view", id="ward")  # type: ignore[untyped-decorator]
    def answer(request: CDSRequest) -> CDSResponse:
        prefetch = request.prefetch or {}
        lactate = prefetch["lactate"]["entry"][0]["resource"]["valueQuantity"]["value"]
        age = 2026 - int(prefetch["patient"]["birthDate"][:4])
        values = np.array([(age - 65) / 12, lactate - 2.0], np.float32)
        risks = [float(np.ravel(graph.run(None, fed(graph, values))[-1])[-1]) for graph in graphs]
        card = {"summary": f"Risk {np.mean(risks):.2f}", "indicator": "info", "source": {"label": "ward"}}
        return CDSResponse(cards=[card])

    app = HealthChainAPI()
    app.register_service(hooks, "/cds")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def fed(graph: onnxruntime.InferenceSession, values: np.ndarray) -> dict[str, np.ndarray]:
    """Inputs of a graph: the values, repeated to its width."""
    made = {}
    for one in graph.get_inputs():
        width = [size for size in one.shape if isinstance(size, int)][-1] if len(one.shape) > 1 else 1
        kind = np.float64 if "double" in one.type else np.int64 if "int64" in one.type else np.float32
        made[one.name] = np.resize(values, (1, width)).astype(kind)
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
