"""Fitted models as they are served: ONNX graphs where a learner has them, its own files where it has none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from bedside.endpoints.endpoint import Endpoint
from bedside.training.learner import Fitted, Learner
from bedside.training.named import address, named
from bedside.training.storage import damaged, read_json, seal, verify, write_json

X = TypeVar("X")
P = TypeVar("P")
X_contra = TypeVar("X_contra", contravariant=True)
P_co = TypeVar("P_co", covariant=True)

Form: TypeAlias = Literal["onnx", "own"]

_FILE: Final = "served.json"
_MODEL: Final = "model"


@dataclass(frozen=True)
class NoGraph:
    """There is no ONNX form of a fitted model.

    Attributes:
        reason: Why, as a sentence without its full stop.
    """

    reason: str


class Graphed(Protocol[X_contra, P_co]):
    """A fitted model whose numbers come out of ONNX graphs; its class has a `load(folder, endpoint, packages)`."""

    def predict(self, predictors: Sequence[X_contra]) -> Sequence[P_co]:
        """One prediction a case, in order; the same alone as in company."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything needed to predict."""
        ...


@runtime_checkable
class Exporting(Protocol):
    """A fitted model that says how it is exported."""

    def graphed(self) -> "Graphed[Any, Any] | NoGraph":
        """The same model by ONNX graphs: its predictions are those of this one to 1e-4; or why there is none."""
        ...


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        form: "onnx", or "own" for the learner's own files.
        reason: Why there is no ONNX form; "" where there is one.
        fitted: The model as it will be served, so that its predictions can be compared before anything is released.
    """

    form: Form
    reason: str
    fitted: Fitted[Any, Any]


def graphed(fitted: object) -> "Graphed[Any, Any] | NoGraph":
    """The ONNX form of a fitted model, or why there is none."""
    if isinstance(fitted, Exporting):
        return fitted.graphed()
    return NoGraph(f"{type(fitted).__name__} has no ONNX form")


def export(fitted: Fitted[Any, Any], folder: Path) -> Exported:
    """Write a fitted model as it will be served, under a manifest of checksums; `serve` reads it.

    Args:
        fitted: As `Learner.fit` or `Learner.load` gives it.
        folder: New or empty.

    Returns:
        What was written. Its `fitted` has not been compared with what it was made of: that is the caller's to do.
    """
    found = graphed(fitted)
    kept: Fitted[Any, Any] = fitted if isinstance(found, NoGraph) else found
    (folder / _MODEL).mkdir(parents=True, exist_ok=True)
    kept.save(folder / _MODEL)
    form: Form = "own" if isinstance(found, NoGraph) else "onnx"
    reason = found.reason if isinstance(found, NoGraph) else ""
    write_json(folder / _FILE, {"form": form, "reason": reason, "of": address(type(kept)) if form == "onnx" else ""})
    seal(folder)
    return Exported(form, reason, kept)


def serve(
    folder: Path,
    endpoint: Endpoint[Any, P],
    learner: Callable[[], Learner[Any, Any, P]],
    *,
    packages: Sequence[str] = ("bedside",),
) -> Fitted[Any, P]:
    """Read what `export` wrote.

    Args:
        folder: That `export` wrote.
        endpoint: That the model was fitted for.
        learner: Gives the learner that saved it; asked only where it is served by its own files.
        packages: That classes named in the folder may come from: ours, and those of the study's own code.

    Raises:
        ModelError: A file is missing, altered or more than there should be, or names a class from elsewhere.
    """
    verify(folder)
    content = read_json(folder / _FILE)
    form, of = content.get("form"), content.get("of")
    if form == "own":
        return learner().load(folder / _MODEL)
    if form != "onnx" or not isinstance(of, str):
        raise damaged(folder / _FILE, f"it says that its form is {form!r}")
    found = named(of, ("load", "predict"), packages)
    return cast("Fitted[Any, P]", found.load(folder / _MODEL, endpoint, packages))


def described(found: Exported) -> str:
    """One sentence for a manifest."""
    if found.form == "onnx":
        return "Served by ONNX graphs."
    return f"Served by the learner's own files: {found.reason}."
