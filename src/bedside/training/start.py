"""Where the weights of an encoder begin: at random unless one of these is declared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from bedside.errors import ModelError
from bedside.networks.encoder import Batches, Encoder, Prepared, Trunk, Values
from bedside.networks.range import Range
from bedside.training.elsewhere import EarlierFit, Elsewhere
from bedside.training.storage import MANIFEST, damaged, read_json, verify
from bedside.training.weights import listed, matched, read, sha256
from bedside.types import Json

_DIGITS = 16
"""Of a hash that a report shows: enough to know a file by."""
_ENCODER = "encoder."


class Start(Protocol):
    """Where the weights of an encoder begin. The head always begins at random."""

    @property
    def description(self) -> str:
        """A sentence for the methods section. It decides whether a stored fit is reused, so it names a hash."""
        ...

    @property
    def elsewhere(self) -> Elsewhere:
        """What the weights have seen."""
        ...

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """The encoder's settings with the limits that these weights leave."""
        ...

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """Give an encoder its weights; what was done, for the record of the fit.

        Args:
            encoder: New, at random.
            settings: The encoder's own, as it was built with.
            prepared: It was built by.
            development: The cases that will be learned from, and no others.

        Raises:
            BedsideError: The weights do not fit the encoder.
        """
        ...


@runtime_checkable
class Prepares(Protocol):
    """A start whose weights belong to a preparation that it brings along."""

    def prepare(self, trunk: Trunk[Any, Any]) -> "Prepared[Any, Any] | None":
        """What every fit is prepared by; None where development decides, fit by fit."""
        ...


@dataclass(frozen=True)
class FromFit:
    """The encoder of an earlier run, with the settings that it was built with.

    Attributes:
        fit: As `bedside.study.earlier.earlier` finds it; of several members the first.
        grey: Whether a first convolution of three channels may be summed to fit one.

    Raises:
        ModelError: The fit is no network, or is damaged.
    """

    fit: EarlierFit
    grey: bool = False

    def __post_init__(self) -> None:
        verify(self.fit.folder)
        if not self._weights.is_file() or not self._weights.with_name("network.json").is_file():
            msg = (
                f"{self.fit.learner} of the earlier run of {self.fit.study} is no network, and only the encoder of a "
                "network can be begun from; choose a run, or a learner of it, that is one"
            )
            raise ModelError(msg)

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        fit = self.fit
        kind = " on simulated data" if fit.simulated else ""
        return (
            f"Its encoder began from that of {fit.learner} in an earlier run of {fit.study}{kind} ({fit.split}; "
            f"weights sha256 {self._sha256[:_DIGITS]}), with its settings{_GREY if self.grey else ''}."
        )

    @property
    def elsewhere(self) -> Elsewhere:
        """What that fit has learned from, as far as its run tells."""
        words = f"{self.fit.learner} in an earlier run of {self.fit.study}"
        return Elsewhere(words, self.fit.contents, sha256=self._sha256)

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every setting of the encoder as that of the earlier fit; others as they are."""
        content = read_json(self._weights.with_name("network.json")).get("settings")
        if not isinstance(content, dict):
            raise damaged(self._weights.with_name("network.json"), "it has no settings")
        return held(space, cast("Values", content))

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """Every parameter from the earlier fit; raises ModelError where one differs in name or shape."""
        del settings, prepared, development
        verify(self.fit.folder)
        every = read(self._weights)
        given = {name.removeprefix(_ENCODER): value for name, value in every.items() if name.startswith(_ENCODER)}
        where = f"the encoder of {self.fit.learner} in the earlier run of {self.fit.study}"
        found = matched(given, encoder, keys={}, new=(), least=1.0, grey=self.grey, where=where)
        if found.unused:
            msg = (
                f"{where} does not fit the network, which lacks {len(found.unused)} of its tensors "
                f"({listed(found.unused)}); declare the architecture of that run"
            )
            raise ModelError(msg)
        found.put_into(encoder)
        return {"start": "earlier run", "start_sha256": self._sha256[:_DIGITS], **found.record}

    @property
    def _weights(self) -> Path:
        return self.fit.folder / "member-0" / "weights.safetensors"

    @property
    def _sha256(self) -> str:
        files = read_json(self.fit.folder / MANIFEST).get("files")
        name = self._weights.relative_to(self.fit.folder).as_posix()
        if not isinstance(files, dict) or not isinstance(files.get(name), str):
            raise damaged(self.fit.folder / MANIFEST, f"it does not list {name}")
        return str(files[name])


@dataclass(frozen=True)
class FromFile:
    """Weights of a local safetensors file under a key map that is checked.

    Attributes:
        path: The file.
        keys: From names in the file to those of the encoder; a name that ends in a point stands for all that begin
            with it ({"features.0.": "network.stages.0.", "backbone.": ""}).
        new: Parameters of the encoder, or beginnings of their names, that may begin at random.
        least: Smallest share of the encoder's numbers that the file must give.
        grey: Whether a first convolution of three channels may be summed to fit one.
        learned_from: What the weights were learned from, in words ("ImageNet-1k").
        settings: Of the encoder, where the weights need others than its defaults.

    Raises:
        FileProblem: The file is missing, damaged or pickled.
        ModelError: `least` is no share.
    """

    path: Path
    keys: Mapping[str, str] = field(default_factory=dict)
    new: tuple[str, ...] = ()
    least: float = 0.5
    grey: bool = False
    learned_from: str = ""
    settings: Values = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.least <= 1:
            msg = f"weights from a file were given least={self.least!r}; it must be a share above 0 and at most 1"
            raise ModelError(msg)
        read(self.path)

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        of = f" learned from {self.learned_from}" if self.learned_from else " of unknown origin"
        new = f", {', '.join(self.new)} at random" if self.new else ""
        return (
            f"Its encoder began from weights{of} (file of sha256 {sha256(self.path)[:_DIGITS]}){new}"
            f"{_GREY if self.grey else ''}."
        )

    @property
    def elsewhere(self) -> Elsewhere:
        """Nobody can tell case by case."""
        words = f"weights learned from {self.learned_from or 'data that nobody has declared'}"
        return Elsewhere(words, None, sha256=sha256(self.path))

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every setting of the encoder held at its default, or as declared; raises ModelError for one it lacks."""
        unknown = sorted(set(self.settings) - set(space))
        if unknown:
            msg = f"weights from a file declare the settings {unknown}; the encoder has {sorted(space)}"
            raise ModelError(msg)
        return held(space, {name: allowed.default for name, allowed in space.items()} | dict(self.settings))

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """What the key map matches, from the file."""
        del settings, prepared, development
        found = matched(
            read(self.path),
            encoder,
            keys=self.keys,
            new=self.new,
            least=self.least,
            grey=self.grey,
            where=f"the file of weights {self.path.name}",
        )
        found.put_into(encoder)
        return {"start": "file", "start_sha256": sha256(self.path)[:_DIGITS], **found.record}


_GREY = ", a first convolution of three channels summed to one"


def held(space: Mapping[str, Range], values: Values) -> dict[str, Range]:
    """Settings that tuning cannot move: weights have the shape that they have."""
    found = dict(space)
    for name, value in values.items():
        if name in space and not isinstance(value, str):
            found[name] = Range(value, value, value)
    return found
