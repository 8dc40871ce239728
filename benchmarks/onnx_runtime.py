"""Serving a network by its ONNX graph beside serving it by torch: rows a CPU second, one row at a time, memory, start.

    python benchmarks/onnx_runtime.py [--json]

The same fitted network of each modality is asked in both forms, on one thread, one form after the other in one process
and in turns, so that what else runs on the machine meets both alike: the ratios are what counts. Predictions include
the preparation, which is the same Python in both. Start and memory are those of a new interpreter that reads the model:
`serve` for the graph, `Network.load` for torch. Seconds are the processor's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

TURNS = 3
ONE_BY_ONE = 40
FORMS = ("torch", "onnx")

START = "import sys, time\nstart = time.process_time()\nfrom pathlib import Path\n"
ENDPOINT = "from bedside.endpoints.binary.kind import binary\nendpoint = binary(positive='yes', negative='no')\n"
MEMORY = """
held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(held.split()[1]) / 1024, time.process_time() - start)
"""


def table() -> tuple[Any, list[Any], list[Any], str]:
    """A network on thirty numbers and two categories, cases to fit and to ask, and how to name its learner."""
    from bedside.endpoints.binary.head import BinaryHead
    from bedside.endpoints.binary.kind import binary
    from bedside.modalities.tabular.column import Column, Schema
    from bedside.modalities.tabular.encoder import TabularTrunk
    from bedside.modalities.tabular.simulate import BinaryOutcome, Number, Twin, Words
    from bedside.training.loop import Loop
    from bedside.training.network import Network

    numbers = [f"number_{k}" for k in range(30)]
    schema = Schema(
        (*(Column(name, "number") for name in numbers), Column("ward", "category"), Column("sex", "category"))
    )
    columns: tuple[Number | Words, ...] = (
        *(Number(name, mean=0, sd=1, missing=0.1) for name in numbers),
        Words("ward", {"medical": 0.5, "surgical": 0.5}),
        Words("sex", {"female": 0.5, "male": 0.5}),
    )
    twin = Twin(columns, BinaryOutcome("outcome", 0.3, {"number_0": 1.0}))
    rows = list(twin.records(2_500, seed=1))
    endpoint = binary(positive="yes", negative="no")
    samples = [_sample(k, row.only(schema), endpoint.parse(row["outcome"])) for k, row in enumerate(rows)]
    network = Network(endpoint, TabularTrunk(schema), BinaryHead, loop=Loop(epochs=1))
    named = (
        "from bedside.modalities.tabular.column import Column, Schema\n"
        "from bedside.modalities.tabular.encoder import TabularTrunk\n"
        "from bedside.endpoints.binary.head import BinaryHead\n"
        "from bedside.training.network import Network\n"
        "schema = Schema((*(Column(f'number_{k}', 'number') for k in range(30)), "
        "Column('ward', 'category'), Column('sex', 'category')))\n"
        "learner = Network(endpoint, TabularTrunk(schema), BinaryHead)\n"
    )
    return network, samples[:500], [sample.predictors for sample in samples[500:]], named


def images() -> tuple[Any, list[Any], list[Any], str]:
    """The small convolutional network on images of 28 by 28 pixels, as `table`."""
    from bedside.endpoints.binary.head import BinaryHead
    from bedside.endpoints.binary.kind import binary
    from bedside.modalities.imaging.plan import ImagePlan
    from bedside.modalities.imaging.simulate import radiograph
    from bedside.modalities.imaging.trunk import ImageTrunk
    from bedside.training.loop import Loop
    from bedside.training.network import Network

    endpoint = binary(positive="yes", negative="no")
    samples = [_sample(k, radiograph(ill=bool(k % 2), seed=k, size=28), bool(k % 2)) for k in range(300)]
    trunk = ImageTrunk(ImagePlan(size=(28, 28)))
    network = Network(endpoint, trunk, BinaryHead, loop=Loop(epochs=1), chunk=256)
    named = (
        "from bedside.modalities.imaging.plan import ImagePlan\n"
        "from bedside.modalities.imaging.trunk import ImageTrunk\n"
        "from bedside.endpoints.binary.head import BinaryHead\nfrom bedside.training.network import Network\n"
        "learner = Network(endpoint, ImageTrunk(ImagePlan(size=(28, 28))), BinaryHead)\n"
    )
    return network, samples[:100], [sample.predictors for sample in samples[100:]], named


def _sample(number: int, predictors: Any, outcome: bool) -> Any:
    from bedside.data.sample import Sample
    from bedside.types import PatientId, SampleId

    return Sample(SampleId(str(number)), PatientId(str(number)), predictors, outcome)


def measured(made: tuple[Any, list[Any], list[Any], str]) -> dict[str, dict[str, float]]:
    """Figures of both forms."""
    from bedside.training.export import export, serve

    network, development, cases, named = made
    fitted, _ = network.fit(network.defaults, development, development[:50], seed=1)
    with tempfile.TemporaryDirectory() as made_folder:
        folder = Path(made_folder)
        (folder / "torch").mkdir()
        fitted.save(folder / "torch")
        written = export(fitted, folder / "onnx")
        assert written.form == "onnx", written.reason
        models = {"torch": fitted, "onnx": serve(folder / "onnx", network.endpoint, lambda: network)}
        told = {form: model.predict(cases) for form, model in models.items()}
        apart = max(abs(one - other) for one, other in zip(told["torch"], told["onnx"], strict=True))
        found: dict[str, dict[str, float]] = {form: {"furthest apart": apart} for form in FORMS}
        for turn in range(TURNS):
            for form, model in models.items() if turn % 2 else reversed(models.items()):
                many = _spent(partial(model.predict, cases))
                single = sorted(_each(model, cases[:ONE_BY_ONE]))
                best = found[form]
                best["rows a CPU second"] = max(best.get("rows a CPU second", 0.0), len(cases) / many)
                best["one row, median ms"] = min(best.get("one row, median ms", 1e9), 1e3 * single[len(single) // 2])
        reading = {
            "onnx": "from bedside.training.export import serve\n"
            "model = serve(Path(sys.argv[1]), endpoint, lambda: None)\n",
            "torch": named + "model = learner.load(Path(sys.argv[1]))\n",
        }
        for form in FORMS:
            script = START + ENDPOINT + reading[form] + MEMORY
            runs = [_started(script, folder / form) for _ in range(2)]
            found[form]["MiB"], found[form]["ready after CPU s"] = (
                min(run[0] for run in runs),
                min(run[1] for run in runs),
            )
    return found


def _spent(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _each(model: Any, cases: Sequence[Any]) -> list[float]:
    return [_spent(partial(model.predict, [case])) for case in cases]


def _started(script: str, folder: Path) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    memory, seconds = done.stdout.split()
    return float(memory), float(seconds)


def main() -> None:
    """Print a table, or a line of JSON a modality."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    for name, make in {"table, 32 columns": table, "images, 28 x 28": images}.items():
        forms = measured(make())
        if asked.json:
            print(json.dumps({name: forms}), flush=True)
            continue
        print(f"{name:<24}{FORMS[0]:>14}{FORMS[1]:>14}", flush=True)
        for figure in forms["onnx"]:
            one, other = forms["torch"][figure], forms["onnx"][figure]
            ratio = "" if figure == "furthest apart" else f"{other / one:>10.2f} of torch"
            print(f"  {figure:<22}{one:>14.6g}{other:>14.6g}{ratio}", flush=True)


if __name__ == "__main__":
    main()
