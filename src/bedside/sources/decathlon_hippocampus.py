"""Hippocampus of the Medical Segmentation Decathlon: crops of T1 scans with the hippocampus traced by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.outlines.reading import LabelMapFile
from bedside.modalities.imaging.outlines.record import OutlinedRecord
from bedside.modalities.imaging.outlines.simulate import two_parts
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.simulate import volume

PARTS = {1: "anterior", 2: "posterior"}
"""What the numbers of the tracings stand for."""


@dataclass(frozen=True)
class DecathlonHippocampus:
    """Crops of T1 scans; `label` is the traced volume in mm3, None where scan or tracing is missing.

    The published archive holds 260 scans with tracings; a local copy may hold scans without tracing and the reverse.
    """

    name: str = "decathlon_hippocampus"
    licence: str = "CC BY-SA 4.0"
    citation: str = (
        "Antonelli M, Reinke A, Bakas S, et al. The Medical Segmentation Decathlon. Nat Commun 2022;13:4128. "
        "doi:10.1038/s41467-022-30695-9"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="hippocampus/images",
            sha256=("9ed35ed8a2ba3ac8baa8cfe6aba8c1846b17ab3cc23f98b9619693d394c15010",),
            folder=261,
        ),
        DataFile(
            path="hippocampus/labels",
            sha256=("f2d7b4badb08d5ffa24c5ec75dbae3693e08c404a891607c2e1a43ccf4f47bc6",),
            folder=262,
        ),
    )

    def records(self, root: Path) -> Iterator[ImageRecord]:
        """Yield every crop that has a scan, a tracing or both.

        Raises:
            FileProblem: A folder is absent or is not the published one; a scan and its tracing differ in size.
        """
        scans, tracings = (locate(file, root) for file in self.files)
        names = sorted({path.name for folder in (scans, tracings) for path in folder.glob("*.nii.gz")})
        for name in names:
            image, traced = ImageFile(scans / name), scans.parent / tracings.name / name
            key = name.removesuffix(".nii.gz")
            if not (scans / name).is_file():
                yield ImageRecord(key, image, None, attributes={"missing": "scan"})
            elif not traced.is_file():
                yield ImageRecord(key, image, None, attributes={"missing": "tracing"})
            else:
                yield ImageRecord(key, image, traced_volume(traced, image.read()))

    def simulate(self, n: int, *, seed: int) -> Iterator[ImageRecord]:
        """Yield n synthetic crops: one bright curved body whose size is the outcome, in units of any scale."""
        chance = np.random.default_rng([seed, 260])
        for number in range(n):
            cubic = float(np.clip(chance.normal(3400, 450), 1500, 5500))
            crop = volume(millilitres=cubic / 1000, seed=int(chance.integers(2**31)))
            scaled = Image((crop.pixels * 10.0 ** chance.uniform(0, 3)).astype(np.float32), crop.geometry)
            yield ImageRecord(f"synthetic {number + 1}", scaled, cubic)


@dataclass(frozen=True)
class DecathlonHippocampusParts:
    """The same crops with their tracings: anterior and posterior hippocampus.

    A volume stands for a patient, as the publisher tells no identities. The challenge's 394 volumes come from 195
    people, so that both sides of one brain may be among them: intervals are then narrower than they should be.
    """

    name: str = "decathlon_hippocampus_parts"
    licence: str = DecathlonHippocampus.licence
    citation: str = DecathlonHippocampus.citation
    files: tuple[DataFile, ...] = DecathlonHippocampus.files

    def records(self, root: Path) -> Iterator[OutlinedRecord]:
        """Yield every crop that has a scan; where it was not traced `outlines` is None.

        Raises:
            FileProblem: A folder is absent or is not the published one.
        """
        scans, tracings = (locate(file, root) for file in self.files)
        for path in sorted(scans.glob("*.nii.gz")):
            image, traced = ImageFile(path), tracings / path.name
            key = path.name.removesuffix(".nii.gz")
            outlines = LabelMapFile(traced, image, PARTS) if traced.is_file() else None
            attributes = {} if outlines else {"missing": "tracing"}
            yield OutlinedRecord(key, image, outlines, patient=key, attributes=attributes)

    def simulate(self, n: int, *, seed: int) -> Iterator[OutlinedRecord]:
        """Yield n synthetic crops of two parts, in units of any scale, at half the resolution of the real ones."""
        chance = np.random.default_rng([seed, 394])
        for number in range(n):
            millilitres = float(np.clip(chance.normal(3.4, 0.45), 1.5, 5.5))
            crop, parts = two_parts(
                millilitres=millilitres, seed=int(chance.integers(2**31)), size=(18, 26, 18), spacing=2.0
            )
            scaled = Image((crop.pixels * 10.0 ** chance.uniform(0, 3)).astype(np.float32), crop.geometry)
            key = f"synthetic {number + 1}"
            yield OutlinedRecord(key, scaled, parts, patient=key)


def traced_volume(tracing: Path, scan: Image) -> float:
    """Cubic millimetres of everything that was traced.

    Raises:
        FileProblem: The tracing does not fit its scan, or knows no distances.
    """
    traced = ImageFile(tracing).read()
    if traced.size != scan.size:
        msg = f"the tracing {tracing.name} has the size {traced.size}, its scan {scan.size}; they must be of one grid"
        raise FileProblem(msg)
    if traced.geometry is None:
        msg = f"the tracing {tracing.name} tells no distance between voxels, so that it has no volume in mm3"
        raise FileProblem(msg)
    return float((traced.pixels > 0).sum() * np.prod(traced.geometry.spacing))
