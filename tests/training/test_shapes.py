"""The shapes that networks declare are the shapes that flow."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_declared_shape_holds() -> None:
    command = [sys.executable, "-m", "tests.training.typed_run"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
