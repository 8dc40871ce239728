"""Data sets in MedMNIST's layout: one NPZ file with images and labels of three partitions."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image, Pixels
from bedside.modalities.imaging.kind import head_of
from bedside.types import Integers

Partition: TypeAlias = Literal["train", "val", "test"]
PARTITIONS: tuple[Partition, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class NpzImages:
    """The file's six arrays, `train_images` to `test_labels` (Yang et al. 2023, Sci Data 10:41).

    Attributes:
        path: Where it lies.
    """

    path: Path

    def images(self, partition: Partition) -> list[Image]:
        """All images of a partition, without geometry: the layout tells no distances.

        Stored as (n, rows, columns) for grey, (…, 3) for colours, (n, slices, rows, columns) for volumes.

        Raises:
            FileProblem: The file is damaged, or no data set of this layout.
        """
        stored = self._array(f"{partition}_images")
        if stored.dtype.kind not in "iuf" or stored.ndim not in (3, 4, 5):
            raise self._unlike(partition, "images", stored, "numbers of shape (n, rows, columns) or (…, 3)")
        coloured = stored.shape[-1] == 3 and stored.ndim > 3
        if stored.ndim == 5 and not coloured:
            raise self._unlike(partition, "images", stored, "volumes of shape (n, slices, rows, columns) or (…, 3)")
        channels = np.moveaxis(stored, -1, 1) if coloured else stored[:, None]
        return [Image(np.ascontiguousarray(one)) for one in channels]

    def labels(self, partition: Partition) -> Integers:
        """Whole numbers of shape (n,), or (n, labels) where a case has several; (n, 1) is given as (n,).

        Raises:
            FileProblem: Labels are not whole numbers, or not one for each image.
        """
        stored = self._array(f"{partition}_labels")
        whole = stored.dtype.kind in "iub" or (stored.dtype.kind == "f" and bool((stored == np.round(stored)).all()))
        if stored.ndim not in (1, 2) or not whole:
            raise self._unlike(partition, "labels", stored, "whole numbers of shape (n,), (n, 1) or (n, labels)")
        cases = self._shape(f"{partition}_images")[0]
        if len(stored) != cases:
            msg = f"{self.path} has {len(stored)} {partition} labels for {cases} images; one a case is needed"
            raise FileProblem(msg)
        labels = stored.astype(np.int64)
        return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels

    def _array(self, name: str) -> Pixels:
        with self._told(name), self.path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return np.asarray(stored[name])

    def _shape(self, name: str) -> tuple[int, ...]:
        """An array's shape without its content."""
        with self._told(name), zipfile.ZipFile(self.path) as archive, archive.open(f"{name}.npy") as member:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            return tuple(int(n) for n in read(member)[0])

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        if not head_of(self.path).startswith(b"PK"):
            msg = f"{self.path} is no NPZ archive (a zip file of arrays); fetch it again"
            raise FileProblem(msg)
        try:
            yield
        except KeyError as error:
            msg = (
                f"{self.path} lacks the array {name}; the layout is train_images, train_labels, val_images, "
                "val_labels, test_images and test_labels"
            )
            raise FileProblem(msg) from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            msg = f"{self.path} is truncated or damaged: {name} cannot be read; fetch it again"
            raise FileProblem(msg) from error

    def _unlike(self, partition: str, part: str, found: Pixels, allowed: str) -> FileProblem:
        shape = " x ".join(map(str, found.shape))
        return FileProblem(
            f"{self.path}: {partition}_{part} holds {found.dtype} of shape {shape}; {allowed} are allowed"
        )
