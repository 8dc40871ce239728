"""The public sets of images: conformance of all, and the counts and traps that their publishers and our notes state."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conformance.source import absent, check_absence, check_source

from bedside.data.accepted import accepting
from bedside.data.files import data_root
from bedside.data.source import Source
from bedside.errors import FileProblem
from bedside.modalities.imaging.modality import digests
from bedside.modalities.imaging.record import ImageRecord
from bedside.sources.decathlon_hippocampus import DecathlonHippocampus
from bedside.sources.medmnist import BREAST, PNEUMONIA, RETINA
from bedside.sources.ph2 import Ph2, ScoredLesion

RESAVED = BREAST.files[0].resaved[0].sha256
SOURCES: tuple[Source[ImageRecord], ...] = (PNEUMONIA, BREAST, RETINA, Ph2(), DecathlonHippocampus())


def names(source: Source[Any]) -> str:
    return source.name


def content(records: Sequence[ImageRecord]) -> list[Any]:
    return [
        (record.key, record.label, dict(record.attributes), digest)
        for record, digest in zip(records, digests([record.image for record in records]), strict=True)
    ]


def real(source: Source[ImageRecord]) -> list[ImageRecord]:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    with accepting((RESAVED,)):
        return list(source.records(data_root()))


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_conforms(source: Source[ImageRecord]) -> None:
    check_source(source, content, n=12)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_absent_data_are_named(source: Source[ImageRecord], tmp_path: Path) -> None:
    check_absence(source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_the_twin_is_of_the_same_kind(source: Source[ImageRecord]) -> None:
    known = real(source)
    twin = list(source.simulate(40, seed=3))
    one, other = known[2].image.read(), twin[0].image.read()
    assert (one.channels, one.dimensions) == (other.channels, other.dimensions)
    assert (one.geometry is None) == (other.geometry is None)
    assert {type(record.label) for record in twin} <= {type(record.label) for record in known}
    if isinstance(twin[0].label, str):
        assert {record.label for record in twin} == {record.label for record in known}


def test_counts_of_pneumonia() -> None:
    counted = Counter((record.attributes["partition"], record.label) for record in real(PNEUMONIA))
    assert counted == {
        ("train", "normal"): 1214, ("train", "pneumonia"): 3494, ("val", "normal"): 135, ("val", "pneumonia"): 389,
        ("test", "normal"): 234, ("test", "pneumonia"): 390,
    }  # fmt: skip


def test_the_first_class_of_breast_is_malignant() -> None:
    counted = Counter(record.label for record in real(BREAST))
    assert counted == {"normal or benign": 570, "malignant": 210}


def test_the_resaved_copy_of_breast_needs_a_persons_word() -> None:
    reason = absent(BREAST)
    if reason:
        pytest.skip(reason)
    with pytest.raises(FileProblem, match=r"re-saved copy.*one axis.*--accept-checksum"):
        next(BREAST.records(data_root()))


def test_counts_of_retina() -> None:
    counted = Counter(record.label for record in real(RETINA))
    assert [counted[grade] for grade in RETINA.classes] == [714, 186, 326, 282, 92]


def test_counts_and_findings_of_ph2() -> None:
    records = real(Ph2())
    assert Counter(record.label for record in records) == {
        "common naevus": 80,
        "atypical naevus": 80,
        "melanoma": 40,
    }
    confirmed = Counter(record.label == "melanoma" for record in records if record.attributes["histology"] == "yes")
    assert confirmed == {True: 33, False: 8}
    last = next(record for record in records if record.key == "IMD435")
    assert isinstance(last.image, ScoredLesion)
    assert last.image.findings == {
        "asymmetry": 2.0, "pigment_network": 1.0, "dots_globules": 0.0, "streaks": 0.0, "regression": 0.0,
        "blue_whitish_veil": 1.0, "colours": 4.0,
    }  # fmt: skip


def test_volumes_of_the_hippocampus() -> None:
    records = real(DecathlonHippocampus())
    volumes = np.array([record.label for record in records if isinstance(record.label, float)])
    assert volumes.size == 260
    assert Counter(record.attributes.get("missing") for record in records) == {None: 260, "scan": 2, "tracing": 1}
    assert 2000 < volumes.min() < volumes.max() < 6000
    assert next(record.label for record in records if record.key == "hippocampus_001") == 2948.0
