"""The public sets of outlines and boxes: conformance, published counts, and twins that look like them."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conformance.source import absent, check_absence, check_source

from bedside.data.files import data_root
from bedside.data.source import Source
from bedside.modalities.imaging.modality import digests
from bedside.modalities.imaging.outlines.label_map import LabelMap, Outlined
from bedside.modalities.imaging.outlines.record import BoxedRecord, OutlinedRecord
from bedside.modalities.imaging.outlines.simulate import CELLS
from bedside.sources.bccd import Bccd
from bedside.sources.decathlon_hippocampus import PARTS, DecathlonHippocampusParts, traced_volume
from bedside.sources.drive import Drive


def outlined(records: Sequence[OutlinedRecord]) -> list[Any]:
    return [
        (
            record.key,
            record.patient,
            dict(record.attributes),
            digest,
            *map(bytes_of, (record.outlines, record.judged, record.second)),
        )
        for record, digest in zip(records, digests([record.image for record in records]), strict=True)
    ]


def boxed(records: Sequence[BoxedRecord]) -> list[Any]:
    return [
        (record.key, dict(record.attributes), digest, record.boxes.names, record.boxes.corners.tolist())
        for record, digest in zip(records, digests([record.image for record in records]), strict=True)
    ]


def bytes_of(outlines: Outlined | None) -> bytes | None:
    return None if outlines is None else outlines.read().labels.tobytes()


SOURCES: tuple[tuple[Source[Any], Callable[[Any], Any]], ...] = (
    (Drive(), outlined), (DecathlonHippocampusParts(), outlined), (Bccd(), boxed),
)  # fmt: skip


def real(source: Source[Any]) -> list[Any]:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    return list(source.records(data_root()))


def read(outlines: Outlined | None) -> LabelMap:
    assert outlines is not None
    return outlines.read()


def dice(one: Any, other: Any) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


@pytest.mark.parametrize(("source", "content"), SOURCES, ids=lambda one: getattr(one, "name", ""))
def test_conforms(source: Source[Any], content: Callable[[Any], Any], tmp_path: Path) -> None:
    check_source(source, content, n=5)
    check_absence(source, tmp_path)


def test_the_second_observer_of_drive_agrees_as_published() -> None:
    records = real(Drive())
    assert Counter(record.attributes["partition"] for record in records) == {"training": 20, "test": 20}
    assert [record.key for record in records] == [f"{k:02d}" for k in (*range(21, 41), *range(1, 21))]
    assert all((record.second is None) == (record.attributes["partition"] == "training") for record in records)
    agreed = []
    for record in records[20:]:
        seen = read(record.judged).labels > 0
        first, second = (read(one).labels[seen] > 0 for one in (record.outlines, record.second))
        agreed.append(dice(first, second))
        assert read(record.outlines).size == (584, 565)
    assert np.mean(agreed) == pytest.approx(0.788, abs=5e-4)  # the published Dice of a human, over the field of view


def test_the_field_of_view_of_drive_holds_most_of_the_picture() -> None:
    for record in real(Drive())[::13]:
        assert 0.6 < read(record.judged).labels.mean() < 0.75
        assert 0.03 < read(record.outlines).labels.mean() < 0.15


def test_every_traced_hippocampus_has_two_parts_on_its_scan() -> None:
    records = real(DecathlonHippocampusParts())
    assert Counter(record.outlines is None for record in records) == {False: 260, True: 1}
    for record in records[::40]:
        if record.outlines is None:
            continue
        parts = read(record.outlines)
        assert parts.present.tolist() == [1, 2]
        assert parts.geometry is not None
        # As many cubic millimetres as the same crop has where its volume is the outcome.
        volume = traced_volume(data_root() / "hippocampus" / "labels" / f"{record.key}.nii.gz", record.image.read())
        assert (parts.labels > 0).sum() * np.prod(parts.geometry.spacing) == volume
        assert parts.size == record.image.read().size
        assert record.patient == record.key


@pytest.mark.slow
def test_33_hippocampi_are_in_other_units_and_all_are_readable() -> None:
    records = [record for record in real(DecathlonHippocampusParts()) if record.outlines is not None]
    assert all(read(record.outlines).present.tolist() == [1, 2] for record in records)
    assert sum(record.image.read().pixels.max() > 1e5 for record in records) == 33


def test_counts_of_bccd() -> None:
    records = real(Bccd())
    assert Counter(record.attributes["partition"] for record in records) == {"train": 205, "val": 87, "test": 72}
    assert Counter(name for record in records for name in record.boxes.names) == {
        "RBC": 4155 - 2, "WBC": 372, "Platelets": 361,
    }  # fmt: skip
    assert sum(int(record.attributes.get("slips", 0)) for record in records) == 2
    assert sum(record.boxes.clipped for record in records) == 0
    for record in records[::40]:
        assert record.boxes.on(record.image.read(), record.key) is record.boxes


def test_the_twin_of_drive_has_dark_vessels_in_its_field_and_a_second_observer_like_a_human() -> None:
    records = list(Drive().simulate(10, seed=5))
    assert Counter(record.attributes["partition"] for record in records) == {"training": 5, "test": 5}
    agreed = []
    for record in records:
        image, vessel, field = record.image.read(), read(record.outlines).labels > 0, read(record.judged).labels > 0
        assert not image.pixels[:, ~field].any()
        assert not (vessel & ~field).any()
        green = image.pixels[1].astype(float)
        assert green[vessel].mean() < green[field & ~vessel].mean() - 20
        if record.second is not None:
            agreed.append(dice(vessel, read(record.second).labels > 0))
    assert 0.7 < np.mean(agreed) < 0.95


def test_the_twin_of_the_hippocampus_has_brighter_parts_in_noise() -> None:
    for record in DecathlonHippocampusParts().simulate(4, seed=5):
        image, parts = record.image.read(), read(record.outlines)
        assert parts.names == PARTS
        assert parts.present.tolist() == [1, 2]
        assert parts.geometry is image.geometry
        values = image.pixels[0]
        front, rear, rest = (values[parts.labels == k].mean() for k in (1, 2, 0))
        assert front > rear > rest
        assert 1500 < 8 * (parts.labels > 0).sum() < 5600


def test_the_twin_of_the_smears_has_cells_in_its_boxes() -> None:
    records = list(Bccd().simulate(20, seed=5))
    assert Counter(record.attributes["partition"] for record in records) == {"train": 12, "val": 5, "test": 3}
    widths: dict[str, list[float]] = {name: [] for name in CELLS}
    for record in records:
        picture = record.image.read().pixels.astype(float)
        for corners, name in zip(record.boxes.corners, record.boxes.names, strict=True):
            rows, columns = (slice(int(corners[k] + 0.5), int(corners[k + 2] + 0.5)) for k in (0, 1))
            widths[name].append(float(corners[3] - corners[1]))
            assert picture[1, rows, columns].mean() < np.median(picture[1]) + 5
    medians = {name: float(np.median(found)) for name, found in widths.items()}
    assert medians["Platelets"] < 0.5 * medians["RBC"] < 0.5 * medians["WBC"]
