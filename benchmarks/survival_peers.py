"""Times to events learned and judged by scikit-survival, pycox and bedside: processor seconds, memory, Harrell's C.

    python -m venv runs/survival/environment
    runs/survival/environment/bin/python -m pip install torch==2.13.0
    runs/survival/environment/bin/python -m pip install -c benchmarks/survival-constraints.txt scikit-survival pycox
    python benchmarks/survival_peers.py [--environment DIR] [--epochs 20] [--replicates 200] [--json]

Both sides see the same rows: of SUPPORT's published development partition four fifths are learned from and one fifth is
held out; its test partition is not touched. Each stage is a process of its own on one thread, the sides by turns.
Seconds are of the processor, from rows in memory to the risks of the held-out rows, imports not counted; memory is the
largest of the whole process, imports counted. Harrell's C of the held-out rows is shown only to see that both learned
something.

    cox        elastic-net Cox regression at the same penalty (lambda .01, mixing .5)
    boosting   scikit-survival's 100 trees of depth 3; ours as a study begins with it, stopped early on held-out rows
    forest     random survival forest of 100 trees; ours is scikit-survival's, its leaves kept at the grid's times
    network    logistic hazard, as many epochs: pycox's two layers of 64; ours the network of studies, one member
    measures   Harrell's C, Uno's C, AUC and Brier score at 180 days, integrated Brier score; all bootstrapped

What is not the same: ours imputes, standardises and encodes rows of a table (theirs get the finished matrix), predicts
whole curves (theirs a risk), and its boosting and network look at the held-out rows while they learn, as in a study.
"""

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_HERE = Path(__file__).resolve().parent
_THEIRS = _HERE / "survival_side" / "peers.py"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
STAGES = ("cox", "boosting", "forest", "network", "measures")


def samples() -> tuple[list[Any], list[Any]]:
    """Development samples of the study, four fifths and one fifth."""
    from bedside.applications.hospital_survival.study import draw
    from bedside.data.files import data_root
    from bedside.data.sample import Sample
    from bedside.sources.support import Support

    drawn = [one for record in Support().records(data_root()) for one in draw(record)]
    kept = [one for one in drawn if isinstance(one, Sample) and one.attributes["partition"] == "train"]
    order = np.random.default_rng(0).permutation(len(kept))
    cut = len(kept) * 4 // 5
    return [kept[k] for k in order[:cut]], [kept[k] for k in order[cut:]]


def write_data(folder: Path, *, epochs: int, replicates: int) -> int:
    """The finished matrix for the peers, and curves of a Cox model to be judged by both; returns the held-out rows."""
    from bedside.applications.hospital_survival.study import study
    from bedside.comparators.cox import CoxElasticNet
    from bedside.comparators.design import Design
    from bedside.endpoints.time_to_event.outcome import times_of
    from bedside.endpoints.time_to_event.target import timed
    from bedside.sources.support import SCHEMA

    learned, held = samples()
    endpoint = study().endpoint
    target = timed(endpoint, "benchmark")
    design = Design.fit(SCHEMA, [one.predictors for one in learned], rarest=2)
    recipe = CoxElasticNet(endpoint, SCHEMA)
    fitted, _ = recipe.fit({"penalty": 0.01, "mixing": 0.5}, learned, held, seed=0)
    curves = target.curves(fitted.predict([one.predictors for one in held]))[:, 0]
    times, late = times_of([one.outcome for one in learned]), times_of([one.outcome for one in held])
    inside = (target.grid > late.time.min()) & (target.grid < np.quantile(late.time, 0.95))
    place = int(np.flatnonzero(target.grid[inside] == target.primary)[0])
    np.savez(
        folder / "data.npz",
        x=design.matrix([one.predictors for one in learned]).toarray(),
        held=design.matrix([one.predictors for one in held]).toarray(),
        time=times.time,
        event=times.event,
        held_time=late.time,
        held_event=late.event,
        grid=target.grid[inside],
        survival=1.0 - curves[:, inside],
        curves=curves,
        risk=curves.mean(axis=1),
        horizon=target.primary,
        place=place,
        epochs=epochs,
        replicates=replicates,
    )
    return len(held)


def ours(stage: str, folder: Path) -> None:
    """One stage of ours; prints what it found as JSON on the last line."""
    from bedside.applications.hospital_survival.study import study
    from bedside.endpoints.time_to_event.target import timed

    data = np.load(folder / "data.npz")
    endpoint = study().endpoint
    target = timed(endpoint, "benchmark")
    learned, held = samples()
    outcomes = [one.outcome for one in held]
    if stage == "measures":
        predictions = target.predictions(data["curves"][:, None])
        names = {"harrell_c", "uno_c", f"auc_at_{target.primary:g}", f"brier_at_{target.primary:g}", "integrated_brier"}
        measures = [one for one in endpoint.measures(None) if one.name in names]  # type: ignore[arg-type]
        weights = np.random.default_rng(0).multinomial(
            len(held), np.full(len(held), 1 / len(held)), int(data["replicates"])
        )
        started = time.process_time()
        for measure in measures:
            measure.statistic(measure.contribute(outcomes, predictions).rows)(weights.astype(np.float64))
        print(json.dumps({"seconds": time.process_time() - started, "measures": len(measures)}))
        return
    recipe, settings = recipe_of(stage, endpoint, int(data["epochs"]))
    started = time.process_time()
    fitted, _ = recipe.fit(settings, learned, held, seed=0)
    told = target.curves(fitted.predict([one.predictors for one in held]))[:, 0]
    seconds = time.process_time() - started
    np.save(folder / f"bedside_{stage}.npy", told.mean(axis=1))
    fitted.save(folder / stage)
    size = sum(path.stat().st_size for path in (folder / stage).rglob("*") if path.is_file())
    print(json.dumps({"seconds": seconds, "mebibytes_stored": size / 2**20}))


def recipe_of(stage: str, endpoint: Any, epochs: int) -> tuple[Any, dict[str, Any]]:
    """A recipe of ours and its settings."""
    from bedside.comparators.cox import CoxElasticNet
    from bedside.comparators.survival_boosting import SurvivalBoosting
    from bedside.comparators.survival_forest import SurvivalForest
    from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
    from bedside.modalities.tabular.encoder import TabularTrunk
    from bedside.sources.support import SCHEMA
    from bedside.training.loop import Loop
    from bedside.training.network import Network

    if stage == "cox":
        return CoxElasticNet(endpoint, SCHEMA), {"penalty": 0.01, "mixing": 0.5}
    recipe: Any
    if stage == "boosting":
        recipe = SurvivalBoosting(endpoint, SCHEMA)
    elif stage == "forest":
        recipe = SurvivalForest(endpoint, SCHEMA)
    else:
        loop = Loop(epochs=epochs)
        recipe = Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=LogisticHazardHead, loop=loop)
    return recipe, dict(recipe.defaults)


def carried_out(command: Sequence[str]) -> dict[str, float]:
    """What a stage says of itself, with the largest memory of its process."""
    environment = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        with os.fdopen(write, "wb") as pipe:
            pickle.dump((done.returncode, done.stdout, done.stderr, peak), pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        code, told, complaint, peak = pickle.load(pipe)  # noqa: S301 - from our own child
    os.waitpid(child, 0)
    if code:
        sys.exit(f"{' '.join(command)} failed:\n{complaint}")
    return {**json.loads(told.strip().splitlines()[-1]), "mebibytes": peak}


def concordance(folder: Path, side: str, stage: str) -> float | None:
    """Harrell's C of the held-out rows."""
    from bedside.stats.concordance import harrell_statistic
    from bedside.stats.times import Times

    path = folder / f"{side}_{stage}.npy"
    if not path.exists():
        return None
    data = np.load(folder / "data.npz")
    times = Times.of(data["held_time"], data["held_event"])
    return float(harrell_statistic(times, np.load(path).astype(np.float64))(np.ones((1, len(times))))[0])


def main() -> None:
    """Measure all stages on both sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, default=Path("runs/survival/environment"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--ours", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        ours(options.ours[0], Path(options.ours[1]))
        return
    python = options.environment / "bin" / "python"
    measured = python.exists()
    if not measured:
        print(f"scikit-survival and pycox are not measured: no environment at {options.environment}; see the head here")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = write_data(folder, epochs=options.epochs, replicates=options.replicates)
        for stage in STAGES:
            theirs = carried_out([str(python), str(_THEIRS), stage, name]) if measured else {}
            own = carried_out([sys.executable, str(Path(__file__).resolve()), "--ours", stage, name])
            for side, told in (("peer", theirs), ("bedside", own)) if measured else (("bedside", own),):
                rows.append({"stage": stage, "side": side, **told, "harrell_c": concordance(folder, side, stage)})
    if options.json:
        print(json.dumps({"held_out": held, "rows": rows}, indent=1))
        return
    print(f"SUPPORT, development partition; {held:,} rows held out; {options.replicates} bootstrap replicates\n")
    for row in rows:
        print(f"{row['stage']:9} {row['side']:8} {row['seconds']:7.2f} s {row['mebibytes']:6.0f} MiB{_told(row)}")
        if measured and row["side"] == "bedside":
            peer = next(one for one in rows if one["stage"] == row["stage"])
            time_ratio, memory = peer["seconds"] / row["seconds"], peer["mebibytes"] / row["mebibytes"]
            print(f"{'':9} peer / bedside: time {time_ratio:.2f}, memory {memory:.2f}")


def _told(row: dict[str, Any]) -> str:
    text = "" if row["harrell_c"] is None else f" C {row['harrell_c']:.3f}"
    return text + (f" stored {row['mebibytes_stored']:.1f} MiB" if row.get("mebibytes_stored") else "")


if __name__ == "__main__":
    main()
