"""The applications that can be run by name: found by listing, described by their cards, imported by nobody here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from bedside.errors import StudyError

GROUP = "bedside.applications"
"""Entry-point group by which other packages offer applications: name = package that holds study.py and card.md."""

_KEYS = ("title", "question", "modality", "endpoint", "data", "files", "licence", "population")


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application as its card describes it.

    Attributes:
        name: What is typed after `bedside run`.
        module: The Python module that has `study()`.
        folder: Where card.md lies.
        files: Paths below the data folder that it needs; empty when the data ship with a dependency.
    """

    name: str
    module: str
    folder: Path
    title: str
    question: str
    modality: str
    endpoint: str
    data: str
    files: tuple[str, ...]
    licence: str
    population: str

    def missing(self, root: Path) -> tuple[str, ...]:
        """The files that are not in the data folder."""
        return tuple(path for path in self.files if not (root / path).exists())


@dataclass(frozen=True)
class Broken:
    """An application that cannot be described, and why."""

    name: str
    reason: str


def applications() -> tuple[Application | Broken, ...]:
    """All applications by name, broken ones among them."""
    return tuple(_describe(name, package, folder) for name, (package, folder) in sorted(places().items()))


def find(name: str) -> Application | None:
    """One application, or None when there is none of this name.

    Raises:
        StudyError: It is there and broken.
    """
    place = places().get(name)
    if place is None:
        return None
    found = _describe(name, *place)
    if isinstance(found, Broken):
        msg = f"application {name!r} is broken: {found.reason}"
        raise StudyError(msg)
    return found


def places() -> Mapping[str, tuple[str, Path]]:
    """Package and folder of every application, by name; ours win over other packages' only by refusing theirs."""
    found = {folder.name: (f"{GROUP}.{folder.name}", folder) for folder in _own_folders()}
    for point in metadata.entry_points(group=GROUP):
        if point.name in found:
            msg = f"two packages offer an application named {point.name!r}; uninstall one, or rename its entry point"
            raise StudyError(msg)
        found[point.name] = (point.value, _package_folder(point.name, point.value))
    return found


def _own_folders() -> Iterator[Path]:
    import bedside.applications

    for root in bedside.applications.__path__:
        for folder in Path(root).iterdir():
            if folder.is_dir() and not folder.name.startswith(("_", ".")) and any(folder.glob("[!_]*")):
                yield folder


def _package_folder(name: str, package: str) -> Path:
    try:
        spec = util.find_spec(package)
    except ImportError as error:
        msg = f"application {name!r} is broken: {package} cannot be imported ({error})"
        raise StudyError(msg) from error
    if spec is None or not spec.submodule_search_locations:
        msg = f"application {name!r} is broken: its entry point names {package}, which is not a package"
        raise StudyError(msg)
    return Path(next(iter(spec.submodule_search_locations)))


def _describe(name: str, package: str, folder: Path) -> Application | Broken:
    try:
        card = front_matter(folder / "card.md")
    except StudyError as error:
        return Broken(name, str(error))
    absent = [key for key in _KEYS if card.get(key) is None]
    if absent:
        return Broken(name, f"the front matter of card.md lacks {', '.join(absent)}")
    files = card["files"]
    if not isinstance(files, list):
        return Broken(name, "`files` in the front matter of card.md is not a list of paths; [] when there are none")
    if not (folder / "study.py").is_file():
        return Broken(name, "it has no study.py")
    words = {key: " ".join(str(card[key]).split()) for key in _KEYS if key != "files"}
    return Application(name=name, module=f"{package}.study", folder=folder, files=tuple(map(str, files)), **words)


def front_matter(path: Path) -> Mapping[str, object]:
    """The YAML between the first two lines of three dashes.

    Raises:
        StudyError: There is no such file, no front matter, or it is not YAML.
    """
    import yaml

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read ({error})"
        raise StudyError(msg) from error
    opening, _, rest = text.partition("---\n")
    head, closing, _ = rest.partition("\n---")
    if opening.strip() or not closing:
        msg = f"{path.name} does not begin with front matter between two lines of ---"
        raise StudyError(msg)
    try:
        card = yaml.safe_load(head)
    except yaml.YAMLError as error:
        msg = f"the front matter of {path.name} is not YAML ({str(error).splitlines()[0]})"
        raise StudyError(msg) from error
    if not isinstance(card, dict):
        msg = f"the front matter of {path.name} is not a list of `key: value` lines"
        raise StudyError(msg)
    return card
