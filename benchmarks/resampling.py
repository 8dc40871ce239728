"""Time of the statistics against the obvious Python, in the same run and process.

    python benchmarks/resampling.py [--json]

Every comparison runs both sides in full, one thread; nothing is scaled up, and both sides must agree. Seconds are of
the processor, so that other work on the machine does not count.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import
from sklearn.metrics import roc_auc_score  # noqa: E402

from bedside.stats.bootstrap import bootstrap, multiplicities  # noqa: E402
from bedside.stats.delong import delong_covariance  # noqa: E402
from bedside.stats.readers import Readings, obuchowski_rockette  # noqa: E402
from bedside.stats.roc import auroc_statistic  # noqa: E402
from bedside.types import Booleans, Floats  # noqa: E402

T = TypeVar("T")


class Timing(NamedTuple):
    """Processor seconds of ours and of the obvious way."""

    name: str
    ours: float
    obvious: float

    @property
    def ratio(self) -> float:
        return self.obvious / self.ours


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def bootstrap_of_auroc(learners: int = 6, patients: int = 10_000, replicates: int = 2_000) -> Timing:
    """The same resamples on both sides: scikit-learn gets the rows, ours the multiplicities."""
    stream = np.random.default_rng(0)
    label = stream.random(patients) < 0.11
    scores = stream.normal(size=(learners, patients)) + label
    rows = np.arange(patients)
    ours, seconds = timed(
        lambda: bootstrap([auroc_statistic(score, label) for score in scores], rows, replicates, seed=1)
    )

    def loop() -> Floats:
        found = np.empty((learners, replicates))
        done = 0
        for weights in multiplicities(rows, replicates, seed=1):
            for row in weights:
                drawn = np.repeat(rows, row.astype(np.int64))
                outcome = label[drawn]
                for learner in range(learners):
                    found[learner, done] = roc_auc_score(outcome, scores[learner, drawn])
                done += 1
        return found

    obvious, loop_seconds = timed(loop)
    np.testing.assert_allclose(ours, obvious, atol=1e-12)
    name = f"bootstrap AUROC, {replicates:,} x {learners} learners x {patients:,} patients, vs scikit-learn loop"
    return Timing(name, seconds, loop_seconds)


def delong_of_many(models: int = 10, cases: int = 100_000) -> Timing:
    """Against DeLong's own definition: every positive compared with all negatives (vectorised over the negatives)."""
    stream = np.random.default_rng(0)
    label = stream.random(cases) < 0.1
    scores = stream.normal(size=(models, cases)) + label
    ours, seconds = timed(lambda: delong_covariance(scores, label))

    def definition() -> tuple[Floats, Floats]:
        of_positive = np.empty((models, int(label.sum())))
        of_negative = np.zeros((models, int((~label).sum())))
        for model in range(models):
            positives, negatives = scores[model, label], scores[model, ~label]
            for k, value in enumerate(positives):
                won = (value > negatives) + 0.5 * (value == negatives)
                of_positive[model, k] = won.mean()
                of_negative[model] += won
        of_negative /= of_positive.shape[1]
        covariance = np.cov(of_positive) / of_positive.shape[1] + np.cov(of_negative) / of_negative.shape[1]
        return of_positive.mean(axis=1), covariance

    obvious, loop_seconds = timed(definition)
    np.testing.assert_allclose(ours[1], obvious[1], rtol=1e-6)
    return Timing(f"DeLong, {models} models x {cases:,} cases, vs its definition", seconds, loop_seconds)


def many_readers(arms: int = 2, readers: int = 5, cases: int = 1_000) -> Timing:
    """Against plain Python loops over readings and pairs of cases."""
    stream = np.random.default_rng(0)
    positive = np.arange(cases) % 5 < 2
    ratings = np.round(2.0 * (positive + stream.normal(size=cases) + stream.normal(0, 0.7, (arms, readers, cases))))
    study = Readings(ratings, positive, ("plain", "aided"), tuple(map(str, range(readers))))
    ours, seconds = timed(lambda: obuchowski_rockette(study))
    flat = ratings.reshape(arms * readers, cases)
    covariance, loop_seconds = timed(lambda: naive_covariance(flat, positive))
    same_reader = np.mean([covariance[k][readers + k] for k in range(readers)])
    np.testing.assert_allclose(ours.covariances[0], same_reader, rtol=1e-9)
    return Timing(f"multi-reader, {arms} arms x {readers} readers x {cases:,} cases, vs Python", seconds, loop_seconds)


def naive_covariance(ratings: Floats, positive: Booleans) -> list[list[float]]:
    """DeLong's covariance of all readings by loops over lists."""
    tens, hundreds = [], []
    for reading in ratings:
        ours = [float(value) for value, ill in zip(reading, positive, strict=True) if ill]
        theirs = [float(value) for value, ill in zip(reading, positive, strict=True) if not ill]
        kernel = [[1.0 if a > b else 0.5 if a == b else 0.0 for b in theirs] for a in ours]
        tens.append([sum(row) / len(theirs) for row in kernel])
        hundreds.append([sum(row[j] for row in kernel) / len(ours) for j in range(len(theirs))])

    def between(one: list[float], two: list[float]) -> float:
        mean_one, mean_two = sum(one) / len(one), sum(two) / len(two)
        total = sum((a - mean_one) * (b - mean_two) for a, b in zip(one, two, strict=True))
        return total / (len(one) - 1) / len(one)

    count = len(tens)
    return [[between(tens[i], tens[j]) + between(hundreds[i], hundreds[j]) for j in range(count)] for i in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print JSON rows instead of a table")
    as_json = parser.parse_args().json
    for measure in (bootstrap_of_auroc, delong_of_many, many_readers):
        found = measure()
        if as_json:
            print(json.dumps({**found._asdict(), "ratio": found.ratio}))
        else:
            print(f"{found.name}\n    ours {found.ours:9.3f} s   obvious {found.obvious:9.3f} s   {found.ratio:8.1f} x")


if __name__ == "__main__":
    main()
