"""PH2: dermoscopic images of pigmented skin lesions, with features as experts scored them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.simulate import dermoscopy

_LESIONS = 200
_DIAGNOSES = ("common naevus", "atypical naevus", "melanoma")
_COLUMNS = (
    "asymmetry", "pigment_network", "dots_globules", "streaks", "regression", "blue_whitish_veil", "colours",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ScoredLesion:
    """A dermoscopic image and what experts scored in it; read as an image it is the image alone.

    Attributes:
        image: The dermoscopic image.
        findings: Scores: asymmetry 0 to 2 (axes), number of colours 1 to 6; of each structure whether it is there as
            in a suspicious lesion (1), else 0.
    """

    image: Readable
    findings: Mapping[str, float]

    def read(self) -> Image:
        """The image."""
        return self.image.read()

    def carrying(self, image: Readable) -> "ScoredLesion":
        """The same scores beside another image: experts do not score it anew."""
        return replace(self, image=image)


@dataclass(frozen=True)
class Ph2:
    """200 lesions; `label` is common naevus, atypical naevus or melanoma, by the experts' diagnosis."""

    name: str = "ph2"
    licence: str = "research use"
    citation: str = (
        "Mendonça T, Ferreira PM, Marques JS, Marcal ARS, Rozeira J. PH2: a dermoscopic image database for research "
        "and benchmarking. Proc IEEE EMBC 2013:5437-5440"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="ph2/images",
            sha256=("81315761acdceaa7bcfb15aa8db367398c5f5e77ece59bfaf968c8492f5b3c7e",),
            folder=_LESIONS,
        ),
        DataFile(
            path="ph2/PH2_dataset.txt",
            sha256=("2cc2fdc28eb230d86b56d72a5aa710593d0861cf6564fa64f43a97a89070ccf4",),
        ),
    )

    def records(self, root: Path) -> Iterator[ImageRecord]:
        """Yield the 200 lesions.

        Raises:
            FileProblem: A file is absent or is not the published one.
        """
        folder, table = (locate(file, root) for file in self.files)
        rows = _rows(table)
        if len(rows) != _LESIONS:
            msg = f"{table} describes {len(rows)} lesions; {_LESIONS} are expected"
            raise FileProblem(msg)
        for name, diagnosis, histology, findings in rows:
            lesion = ScoredLesion(ImageFile(folder / f"{name}.jpg"), findings)
            yield ImageRecord(name, lesion, diagnosis, attributes={"histology": "yes" if histology else "no"})

    def simulate(self, n: int, *, seed: int) -> Iterator[ImageRecord]:
        """Yield n synthetic lesions whose scores go with the diagnosis, more loosely than experts' do."""
        chance = np.random.default_rng([seed, _LESIONS])
        labels = chance.choice(3, size=n, p=(0.35, 0.35, 0.3))
        malignant = (labels == 2).astype(np.int64)
        seeds = chance.integers(2**31, size=n).tolist()
        for number, (own, label, bad) in enumerate(zip(seeds, labels.tolist(), malignant.tolist(), strict=True)):
            image = dermoscopy(grade=label, seed=own)
            findings = {name: float(chance.random() < 0.2 + 0.5 * bad) for name in _COLUMNS[1:-1]}
            findings["asymmetry"] = float(np.clip(round(chance.normal(0.4 + 1.2 * bad, 0.7)), 0, 2))
            findings["colours"] = float(np.clip(round(chance.normal(2 + 1.6 * bad, 0.9)), 1, 6))
            attributes = {"histology": "yes" if bad else "no"}
            yield ImageRecord(
                f"synthetic {number + 1}", ScoredLesion(image, findings), _DIAGNOSES[label], attributes=attributes
            )


def _rows(table: Path) -> list[tuple[str, str, bool, dict[str, float]]]:
    """Name, diagnosis, whether histology confirms it, and findings of each lesion."""
    found = []
    for line in table.read_text(encoding="utf-8").splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("||")]
        if len(parts) != 5 or not parts[0].startswith("IMD"):
            continue
        scores = [score.strip() for score in parts[3].split("|")]
        if len(scores) != len(_COLUMNS) - 1 or not parts[2].isdecimal():
            msg = f"{table} has a line of another form than the published table; put the published file in its place"
            raise FileProblem(msg)
        values = [float(scores[0]), *(float(score in {"AT", "P"}) for score in scores[1:])]
        findings = dict(zip(_COLUMNS, [*values, float(len(parts[4].split()))], strict=True))
        found.append((parts[0], _DIAGNOSES[int(parts[2])], bool(parts[1]), findings))
    return found
