"""What the peers do, in an environment of theirs: python peers.py STAGE FOLDER, one stage a process."""

import json
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def outcome(time_: Any, event: Any) -> Any:
    """Times as scikit-survival wants them."""
    from sksurv.util import Surv

    return Surv.from_arrays(event > 0, time_)


def fitted(stage: str, data: Any, epochs: int) -> tuple[Any, Any]:
    """A fitted model of a stage, and its risk for the held-out cases."""
    x, y = data["x"], outcome(data["time"], data["event"])
    model: Any
    if stage == "cox":
        from sksurv.linear_model import CoxnetSurvivalAnalysis

        model = CoxnetSurvivalAnalysis(l1_ratio=0.5, alphas=[0.01], fit_baseline_model=True).fit(x, y)
        return model, model.predict(data["held"])
    if stage == "boosting":
        from sksurv.ensemble import GradientBoostingSurvivalAnalysis

        model = GradientBoostingSurvivalAnalysis(n_estimators=100, max_depth=3, random_state=0).fit(x, y)
        return model, model.predict(data["held"])
    if stage == "forest":
        from sksurv.ensemble import RandomSurvivalForest

        model = RandomSurvivalForest(n_estimators=100, min_samples_leaf=15, random_state=0, n_jobs=1).fit(x, y)
        return model, model.predict(data["held"])
    return network(data, epochs)


def network(data: Any, epochs: int) -> tuple[Any, Any]:
    """Logistic hazard of pycox as its own examples build it: two layers of 64, dropout, batches of 256."""
    import torch
    import torchtuples  # type: ignore[import-not-found]
    from pycox.models import LogisticHazard  # type: ignore[import-not-found]

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = data["x"].astype("float32")
    steps = LogisticHazard.label_transform(20)
    target = steps.fit_transform(data["time"], data["event"])
    net = torchtuples.practical.MLPVanilla(x.shape[1], [64, 64], steps.out_features, batch_norm=True, dropout=0.1)
    model = LogisticHazard(net, torchtuples.optim.Adam(0.002), duration_index=steps.cuts)
    model.fit(x, target, 256, epochs, verbose=False)
    survival = model.predict_surv(data["held"].astype("float32"))
    return None, 1.0 - np.asarray(survival).mean(axis=1)


def judged(data: Any, replicates: int) -> list[float]:
    """Five measures in each bootstrap replicate, as their documentation shows."""
    from sksurv.metrics import (
        brier_score,
        concordance_index_censored,
        concordance_index_ipcw,
        cumulative_dynamic_auc,
        integrated_brier_score,
    )

    rng = np.random.default_rng(0)
    y, grid = outcome(data["held_time"], data["held_event"]), data["grid"]
    told: list[float] = []
    for _ in range(replicates):
        drawn = rng.integers(0, len(y), len(y))
        sampled, risk, survival = y[drawn], data["risk"][drawn], data["survival"][drawn]
        last = float(grid[-1])
        told += [
            concordance_index_censored(sampled["event"], sampled["time"], risk)[0],
            concordance_index_ipcw(sampled, sampled, risk, tau=last)[0],
            float(cumulative_dynamic_auc(sampled, sampled, risk, float(data["horizon"]))[0][0]),
            float(brier_score(sampled, sampled, survival[:, [int(data["place"])]], float(data["horizon"]))[1][0]),
            float(integrated_brier_score(sampled, sampled, survival, grid)),
        ]
    return told


def main() -> None:
    """One stage; prints what it found as JSON on the last line."""
    stage, folder = sys.argv[1], Path(sys.argv[2])
    data = dict(np.load(folder / "data.npz"))
    started = time.process_time()
    if stage == "measures":
        judged(data, int(data["replicates"]))
        print(json.dumps({"seconds": time.process_time() - started}))
        return
    model, risk = fitted(stage, data, int(data["epochs"]))
    seconds = time.process_time() - started
    np.save(folder / f"peer_{stage}.npy", risk)
    size = len(pickle.dumps(model)) if model is not None else 0
    print(json.dumps({"seconds": seconds, "mebibytes_stored": size / 2**20}))


if __name__ == "__main__":
    main()
