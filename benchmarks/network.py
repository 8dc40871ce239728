"""Rows a second of the tabular network, beside scikit-learn's perceptron and LightGBM on the same rows in the same run.

    python benchmarks/network.py [--rows 50000] [--json]

One thread. Seconds are of the processor, so that other work on the machine does not count; those of the network and of
LightGBM include preparing the records, the perceptron's do not. Training counts rows times passes over them.
LightGBM's passes are its rounds, which cost far less than an epoch, so its figure is for orientation.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import
from sklearn.metrics import roc_auc_score  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

from bedside.comparators.boosting import Boosting  # noqa: E402
from bedside.data.sample import Sample  # noqa: E402
from bedside.endpoints.binary.head import BinaryHead  # noqa: E402
from bedside.endpoints.binary.kind import binary  # noqa: E402
from bedside.modalities.tabular.column import Column, Schema  # noqa: E402
from bedside.modalities.tabular.encoder import TabularTrunk  # noqa: E402
from bedside.modalities.tabular.features import Features  # noqa: E402
from bedside.modalities.tabular.simulate import BinaryOutcome, Number, Twin, Words  # noqa: E402
from bedside.modalities.tabular.table import Record  # noqa: E402
from bedside.training.network import Network  # noqa: E402
from bedside.types import PatientId, SampleId  # noqa: E402

NUMBERS, CATEGORIES = 12, 12


class Line(NamedTuple):
    """Rows a second in training and prediction, whole fit in seconds, and AUROC on new rows."""

    training: float
    prediction: float
    fit: float
    auroc: float


def samples(rows: int) -> tuple[Schema, list[Sample[Record, bool]]]:
    numbers = [Number(f"n{k}", mean=0, sd=1, missing=0.05 * (k % 3), decimals=3) for k in range(NUMBERS)]
    words = [Words(f"w{k}", {f"v{j}": 1.0 / (j + 1) for j in range(3 + 5 * k)}) for k in range(CATEGORIES)]
    effects = {"n0": 0.8, "n1": -0.5, "n2*n3": 0.6, "w3=v1": 0.7, "w5=v0": -0.5}
    twin = Twin((*numbers, *words), BinaryOutcome("outcome", 0.15, effects))
    schema = Schema(
        (*(Column(one.name, "number") for one in numbers), *(Column(one.name, "category") for one in words))
    )
    return schema, [
        Sample(SampleId(str(k)), PatientId(str(k)), row.only(schema), bool(row["outcome"]))
        for k, row in enumerate(twin.records(rows, seed=1))
    ]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def benchmark(rows: int) -> dict[str, Line]:
    schema, drawn = samples(rows)
    first, second = rows * 6 // 10, rows * 8 // 10
    development, selection, new = drawn[:first], drawn[first:second], drawn[second:]
    cases, outcomes = [one.predictors for one in new], [one.outcome for one in new]
    endpoint = binary(positive="yes", negative="no")
    found: dict[str, Line] = {}

    def judge(name: str, passes: int, spent: float, predict: Callable[[], Any]) -> None:
        asked, told = timed(predict)
        auroc = float(roc_auc_score(outcomes, np.asarray(told)))
        found[name] = Line(first * passes / spent, len(new) / asked, spent, auroc)

    network = Network(endpoint=endpoint, trunk=TabularTrunk(schema), head=BinaryHead)
    spent, (model, record) = timed(lambda: network.fit(network.defaults, development, selection, seed=1))
    judge("tabular network (4 members)", int(str(record["epochs"])), spent, lambda: model.predict(cases))

    features = Features.fit(schema, [one.predictors for one in development], standardise=True)
    matrix, later = features.transform([one.predictors for one in development]), features.transform(cases)
    plain = MLPClassifier((64, 64), batch_size=1024, early_stopping=True, random_state=1, max_iter=50)
    spent, _ = timed(lambda: plain.fit(matrix, [one.outcome for one in development]))
    judge("scikit-learn MLP (64, 64)", int(plain.n_iter_), spent, lambda: plain.predict_proba(later)[:, 1])

    boosting = Boosting(endpoint, schema)
    spent, (trees, record) = timed(lambda: boosting.fit(boosting.defaults, development, selection, seed=1))
    judge("LightGBM", int(str(record["rounds"])), spent, lambda: trees.predict(cases))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    lines = benchmark(asked.rows)
    if asked.json:
        print(json.dumps({name: line._asdict() for name, line in lines.items()}))
    else:
        print(f"{'':<30}{'training rows/s':>17}{'prediction rows/s':>19}{'fit, s':>9}{'AUROC':>8}")
        for name, line in lines.items():
            print(f"{name:<30}{line.training:>17,.0f}{line.prediction:>19,.0f}{line.fit:>9.1f}{line.auroc:>8.3f}")
