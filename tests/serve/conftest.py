"""Releases made of real runs of a small study, for all that serves."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bedside.cli.main import main

FIRST = "1"


@dataclass(frozen=True)
class Made:
    """A folder with `ward.py` and runs of it; not to be written to.

    Attributes:
        folder: Holds `run` (real data), `simulated` (a run on simulated data), `key.pem`, `public.pem`, and the
            registry `releases` with ward 1 (signed) and, elsewhere, `demo` (a demonstration).
    """

    folder: Path

    @property
    def registry(self) -> Path:
        return self.folder / "releases"

    @property
    def release(self) -> Path:
        return self.registry / "ward" / FIRST

    @property
    def demonstration(self) -> Path:
        return self.folder / "demo"


def key_in(folder: Path, name: str = "key") -> Path:
    """A new Ed25519 key, with its public half beside it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.pem").write_bytes(private)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.public.pem").write_bytes(public)
    return folder / f"{name}.pem"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Run and release the ward once for all tests."""
    folder = tmp_path_factory.mktemp("ward")
    shutil.copy(Path(__file__).parent / "ward.py", folder)
    key_in(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        for command in (
            ["plan", "ward", "--out", "run"],
            ["run", "ward", "--out", "run", "--jobs", "1", "--json"],
            ["release", "run", "--key", "key.pem", "--by", "test", "--json"],
            ["run", "ward", "--simulated", "240", "--trials", "2", "--out", "simulated", "--jobs", "1", "--json"],
            ["release", "simulated", "--demonstration", "--out", "demo", "--json"],
        ):
            assert main(command) == 0, command
    return Made(folder)


@pytest.fixture
def beside(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A copy of that folder, in which the command line then works."""
    place = tmp_path / "ward"
    shutil.copytree(made.folder, place)
    monkeypatch.chdir(place)
    return Made(place)


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in another process, in a folder."""
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
