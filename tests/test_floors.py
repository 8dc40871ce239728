"""Floors that static analysis cannot see: what is imported when."""

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest

import bedside

FRAMEWORKS = ("torch", "lightning_fabric", "captum")
TORCH_FREE = ("tasks", "stats", "data", "evidence", "report", "study")


def loaded(imports: str, wanted: tuple[str, ...]) -> set[str]:
    """Which of the wanted top-level modules a fresh interpreter has after these imports."""
    code = f"import sys\n{imports}\nprint(*[name for name in {wanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def modules(package: str) -> list[str]:
    found = import_module(f"bedside.{package}")
    return [found.__name__, *(each.name for each in walk_packages(found.__path__, f"{found.__name__}."))]


def test_help_imports_no_framework() -> None:
    heavy = ("torch", "numpy", "scipy", "sklearn", "lightgbm", "polars", "pyarrow", "pydantic", "pandas", "matplotlib")
    assert loaded("import bedside.cli.main", heavy) == set()


def test_the_list_of_applications_imports_no_framework() -> None:
    heavy = ("torch", "numpy", "sklearn", "lightgbm", "polars", "bedside.applications.breast_cancer.study")
    assert loaded("from bedside.cli.main import main; assert main(['list', '--json']) == 0", heavy) == set()


@pytest.mark.parametrize("floor", TORCH_FREE)
def test_floors_without_torch(floor: str) -> None:
    imports = "\n".join(f"import {name}" for name in modules(floor))
    assert loaded(imports, FRAMEWORKS) == set()


def test_kinds_of_endpoint_are_free_of_torch() -> None:
    kinds = [name for name in modules("endpoints") if name.endswith(".kind")]
    assert kinds
    assert loaded("\n".join(f"import {name}" for name in kinds), FRAMEWORKS) == set()


def test_every_module_can_be_imported_first() -> None:
    """A module that imports only after another one hides a circle."""
    every = [each.name for each in walk_packages(bedside.__path__, "bedside.") if ".test_" not in each.name]
    assert "bedside.study.run" in every
    floors = {name.split(".")[1] for name in every}
    assert set(TORCH_FREE) <= floors
