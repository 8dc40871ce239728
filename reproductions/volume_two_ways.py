"""Volume of the hippocampus told directly by a network, and by counting what another one outlined: the same crops.

    python reproductions/hippocampal_volume.py
    python reproductions/hippocampus_mri.py
    python reproductions/volume_two_ways.py [--outlined RUN] [--direct RUN]

Reads two finished runs and judges again the crops that the first one held out. The direct network was cross-validated,
so that it has not learned from any crop it is judged on here either; it learned from two thirds of all crops, the
outlining one from 60 %.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from bedside.stats.bootstrap import multiplicities, percentile_interval
from bedside.types import Floats

RUNS = Path("runs/reproductions")
RESULTS = Path(__file__).parent / "results"
SEED, REPLICATES = 20240501, 2000
PARTS = ("anterior", "posterior")


@dataclass(frozen=True)
class Told:
    """Root mean squared error in cubic millimetres, with a 95 % interval by bootstrap of crops."""

    way: str
    rmse: float
    low: float
    high: float


def volumes(outlined: Path, direct: Path) -> tuple[Floats, dict[str, Floats]]:
    """Traced volumes of the crops that both runs judged, in mm3, and what each way told of them.

    Raises:
        ValueError: The runs share no crop.
    """
    seen = [("learner", "=", "u_net")]
    by_outline = {row["sample"]: row for row in pq.read_table(outlined, filters=seen).to_pylist()}
    told: dict[str, dict[str, list[float]]] = {}
    truth: dict[str, float] = {}
    for row in pq.read_table(direct).to_pylist():
        if row["sample"] in by_outline:
            truth[row["sample"]] = row["outcome.outcome"]
            told.setdefault(row["learner"], {}).setdefault(row["sample"], []).append(row["prediction.prediction"])
    if not truth:
        msg = f"{outlined} and {direct} judged no crop in common; make both runs from the same data"
        raise ValueError(msg)
    samples = sorted(truth)
    traced = np.array([truth[one] for one in samples])
    counted = {
        kind: np.array([sum(by_outline[one][f"{kind}.voxels_{part}"] for part in PARTS) for one in samples])
        for kind in ("outcome", "prediction")
    }
    # A voxel has the volume that makes the traced ones add up to the traced volume.
    found = {"outlined, then counted": counted["prediction"] * traced / counted["outcome"]}
    found |= {f"directly: {name}": np.array([np.mean(rows[one]) for one in samples]) for name, rows in told.items()}
    return traced, found


def judged(traced: Floats, found: dict[str, Floats]) -> list[Told]:
    """Errors of every way, and of each direct one what it has more than the outline, under the same bootstrap."""
    squares = {way: np.square(values - traced) for way, values in found.items()}
    weights = np.concatenate(list(multiplicities(np.arange(traced.size), REPLICATES, SEED)))
    drawn = {way: np.sqrt(weights @ square / weights.sum(axis=1)) for way, square in squares.items()}
    first = next(iter(squares))
    rows = [_row(way, float(np.sqrt(square.mean())), drawn[way]) for way, square in squares.items()]
    for way in [one for one in squares if one != first]:
        value = float(np.sqrt(squares[way].mean()) - np.sqrt(squares[first].mean()))
        rows.append(_row(f"{way}, minus outlined", value, drawn[way] - drawn[first]))
    return rows


def _row(way: str, value: float, drawn: Floats) -> Told:
    limits = percentile_interval(drawn)
    return Told(way, value, limits.low, limits.high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outlined", type=Path, default=RUNS / "hippocampus_mri")
    parser.add_argument("--direct", type=Path, default=RUNS / "hippocampal_volume")
    given = parser.parse_args()
    traced, found = volumes(given.outlined / "predictions.parquet", given.direct / "predictions.parquet")
    rows = judged(traced, found)
    print(f"{traced.size} crops; root mean squared error of the volume in mm3 [95 % interval]")
    for row in rows:
        print(f"{row.way:60} {row.rmse:8.1f} [{row.low:.1f}, {row.high:.1f}]")
    content = {"cases": int(traced.size), "unit": "mm3", "seed": SEED, "rows": [asdict(row) for row in rows]}
    (RESULTS / "volume_two_ways.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
