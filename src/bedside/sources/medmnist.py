"""MedMNIST: medical images reduced to 28 x 28 pixels, in partitions that the publisher fixed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile, Resaved
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.npz import PARTITIONS, NpzImages
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.simulate import fundus, radiograph, sonogram

_ADDRESS = "https://zenodo.org/records/10519652/files/{}.npz?download=1"
_MEDMNIST = "Yang J, Shi R, Wei D, et al. MedMNIST v2. Sci Data 2023;10:41. doi:10.1038/s41597-022-01721-8"


@dataclass(frozen=True)
class MedMnist:
    """One set of MedMNIST; `label` is the word of the class, `partition` an attribute.

    Attributes:
        name: snake_case.
        citation: What to cite.
        files: The one file.
        classes: Words of the publisher's numbers.
        synthetic: A picture of the twin, of a class number and a seed.
        shares: How often the twin shows each class.
    """

    name: str
    citation: str
    files: tuple[DataFile, ...]
    classes: tuple[str, ...]
    synthetic: Callable[[int, int], Image]
    shares: tuple[float, ...]
    licence: str = "CC BY 4.0"

    def records(self, root: Path) -> Iterator[ImageRecord]:
        """Yield all images, partition by partition.

        Raises:
            FileProblem: The file is absent, cannot be fetched, or is not the published one.
        """
        held = NpzImages(locate(self.files[0], root))
        for partition in PARTITIONS:
            labels = held.labels(partition)
            for number, image in enumerate(held.images(partition)):
                key = f"{partition} {number + 1}"
                yield ImageRecord(key, image, self.classes[int(labels[number])], attributes={"partition": partition})

    def simulate(self, n: int, *, seed: int) -> Iterator[ImageRecord]:
        """Yield n synthetic images, three in five marked train, one in five val, one test."""
        chance = np.random.default_rng([seed, len(self.classes)])
        labels = chance.choice(len(self.classes), size=n, p=self.shares)
        partitions = chance.choice(["train", "val", "test"], size=n, p=[0.6, 0.2, 0.2])
        seeds = chance.integers(2**31, size=n)
        for number in range(n):
            label = int(labels[number])
            image = self.synthetic(label, int(seeds[number]))
            attributes = {"partition": str(partitions[number])}
            yield ImageRecord(f"synthetic {number + 1}", image, self.classes[label], attributes=attributes)


PNEUMONIA = MedMnist(
    name="pneumonia_mnist",
    citation=(
        f"{_MEDMNIST}; Kermany DS, Goldbaum M, Cai W, et al. Identifying medical diagnoses and treatable diseases by "
        "image-based deep learning. Cell 2018;172:1122-1131"
    ),
    files=(
        DataFile(
            path="medmnist/pneumoniamnist.npz",
            sha256=("e1792d3f03751cb101e99f19a63b3c1941436c988665f47853417b05be250cd8",),
            md5="28209eda62fecd6e6a2d98b1501bb15f",
            address=_ADDRESS.format("pneumoniamnist"),
        ),
    ),
    classes=("normal", "pneumonia"),
    synthetic=lambda label, seed: radiograph(ill=label == 1, seed=seed),
    shares=(0.35, 0.65),
)
"""5,856 chest X-rays of children."""

BREAST = MedMnist(
    name="breast_mnist",
    citation=(
        f"{_MEDMNIST}; Al-Dhabyani W, Gomaa M, Khaled H, Fahmy A. Dataset of breast ultrasound images. Data Brief "
        "2020;28:104863"
    ),
    files=(
        DataFile(
            path="medmnist/breastmnist.npz",
            sha256=(),
            md5="750601b1f35ba3300ea97c75c52ff8f6",
            address=_ADDRESS.format("breastmnist"),
            resaved=(
                Resaved(
                    "5e68d79723fb3a63a399b0a66b66451799fc2eb3651f469cec0b679cfd743b68",
                    "it was saved again, its labels with one axis instead of two and its arrays in another order",
                ),
            ),
        ),
    ),
    classes=("malignant", "normal or benign"),
    synthetic=lambda label, seed: sonogram(malignant=label == 0, seed=seed),
    shares=(0.35, 0.65),
)
"""780 breast ultrasound images; the publisher's 0 is malignant."""

RETINA = MedMnist(
    name="retina_mnist",
    citation=(
        f"{_MEDMNIST}; Liu R, Wang X, Wu Q, et al. DeepDRiD: diabetic retinopathy grading and image quality estimation "
        "challenge. Patterns 2022;3:100512"
    ),
    files=(
        DataFile(
            path="medmnist/retinamnist.npz",
            sha256=("254915f5f0a2074665c4676356824cf4ef4a3bcab233894b4bafcaf48962bd69",),
            md5="bd4c0672f1bba3e3a89f0e4e876791e4",
            address=_ADDRESS.format("retinamnist"),
        ),
    ),
    classes=("none", "mild", "moderate", "severe", "proliferative"),
    synthetic=lambda label, seed: fundus(grade=label, seed=seed),
    shares=(0.4, 0.15, 0.2, 0.15, 0.1),
)
"""1,600 fundus photographs in five grades."""
