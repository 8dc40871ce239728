"""Wall time and peak memory of whole studies, each in a process of its own.

    python benchmarks/study.py [breast_cancer readmission ...]

Needs the data of the studies named (`bedside data`); breast_cancer ships with a dependency. Results are written to a
temporary folder and a ledger of their own: measuring speed is no look at test data that anyone learns from.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

DEFAULT = ("breast_cancer",)


def measure(name: str) -> None:
    """Run one study and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BEDSIDE_LEDGER": str(Path(folder) / "ledger.jsonl"), "OMP_NUM_THREADS": "1"}
        out = Path(folder) / "run"
        command = [str(Path(sys.executable).with_name("bedside")), "run", name, "--out", str(out)]
        started = time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        judged = pq.read_metadata(out / "predictions.parquet").num_rows
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 2**20
    print(
        f"{name:<22} {seconds:7.1f} s  peak of the largest process {peak:7.0f} MiB  "
        f"{judged} predictions judged  {size:.1f} MiB on disk  {os.cpu_count()} processors"
    )


if __name__ == "__main__":
    for study in sys.argv[1:] or DEFAULT:
        measure(study)
