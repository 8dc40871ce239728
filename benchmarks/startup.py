"""How long a person waits before anything happens: imports and help, each in a fresh interpreter, best of five."""

import subprocess
import sys
import time
from pathlib import Path

RUNS = 5
BEDSIDE = str(Path(sys.executable).with_name("bedside"))

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import bedside.cli.main": [sys.executable, "-c", "import bedside.cli.main"],
    "bedside --help (aim: under .5 s)": [BEDSIDE, "--help"],
    "bedside run --help": [BEDSIDE, "run", "--help"],
    "bedside list --json": [BEDSIDE, "list", "--json"],
    "import bedside.study.run": [sys.executable, "-c", "import bedside.study.run"],
    "import a tabular study (torch and all)": [sys.executable, "-c", "import bedside.applications.breast_cancer.study"],
}


def seconds(command: list[str]) -> float:
    """Wall time of a command, best of several, so that what is measured is the command and not the machine."""
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - started)
    return best


if __name__ == "__main__":
    for name, command in COMMANDS.items():
        print(f"{name:<42} {seconds(command):6.3f} s")
