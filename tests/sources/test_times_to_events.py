"""The public sets of times to events: conformance, published counts, and what their unnamed columns are."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.conformance.source import absent, cells, check_absence, check_source, check_twin

from bedside.data.files import data_root
from bedside.data.source import Source
from bedside.errors import FileProblem
from bedside.modalities.tabular.table import Record, frame_of
from bedside.sources.deep_surv import partitions
from bedside.sources.flchain import Flchain
from bedside.sources.metabric import Metabric
from bedside.sources.primary_biliary_cholangitis import PrimaryBiliaryCholangitis
from bedside.sources.rotterdam_gbsg import Gbsg, Rotterdam
from bedside.sources.support import Support

SOURCES: tuple[Source[Record], ...] = (
    Metabric(),
    Support(),
    Rotterdam(),
    Gbsg(),
    Flchain(),
    PrimaryBiliaryCholangitis(),
)
PUBLISHED = "survival/gbsg_cancer_train_test.h5"


def named(source: Source[Record]) -> str:
    return source.name


def real(source: Source[Record]) -> pl.DataFrame:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    return frame_of(list(source.records(data_root())))


def together(frame: pl.DataFrame, one: str, other: str) -> float:
    return float(np.corrcoef(frame[one].to_numpy(), frame[other].to_numpy())[0, 1])


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_conforms(source: Source[Record]) -> None:
    check_source(source, cells)


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_absent_data_are_named(source: Source[Record], tmp_path: Path) -> None:
    check_absence(source, tmp_path)


@pytest.mark.parametrize("source", SOURCES, ids=named)
def test_twin_resembles_the_data(source: Source[Record]) -> None:
    reason = absent(source)
    if reason:
        pytest.skip(reason)
    check_twin(source, data_root())


def test_metabric_is_what_its_values_say() -> None:
    frame = real(Metabric()).with_columns(er=(pl.col("er_positive") == "yes").cast(pl.Float64))
    assert frame["partition"].value_counts().sort("partition").rows() == [("test", 381), ("train", 1523)]
    assert together(frame, "pgr", "er") > 0.3, "the progesterone receptor rises with the oestrogen receptor"
    assert together(frame, "egfr", "er") < -0.3
    assert together(frame, "mki67", "er") < -0.2
    spread = {gene: float(np.std(frame[gene].to_numpy())) for gene in ("egfr", "pgr", "erbb2", "mki67")}
    assert max(spread, key=lambda gene: spread[gene]) == "erbb2", "amplified in some"
    assert float(np.median(frame["erbb2"].to_numpy())) > 10
    treated = frame.with_columns(chemo=(pl.col("chemotherapy") == "yes").cast(pl.Float64))
    assert together(treated, "chemo", "age") < -0.3, "the old get less chemotherapy"
    assert together(treated, "chemo", "er") < -0.3


def test_support_is_what_its_values_say() -> None:
    frame = real(Support())
    assert frame.height == 8873
    assert int(frame["died"].sum()) == 6036
    shares = {column: dict(frame[column].value_counts(normalize=True).rows()) for column in ("sex", "race", "cancer")}
    assert shares["sex"]["male"] == pytest.approx(0.56, abs=0.01)
    assert shares["race"]["white"] == pytest.approx(0.79, abs=0.01)
    assert shares["race"]["black"] == pytest.approx(0.15, abs=0.01)
    assert shares["cancer"]["none"] == pytest.approx(0.66, abs=0.01)
    train = frame.filter(pl.col("partition") == "train")
    deaths = dict(train.group_by("cancer").agg(pl.col("died").mean()).rows())
    assert deaths["metastatic"] > deaths["localised"] > deaths["none"]
    assert frame["sodium"].min() == 110
    assert 130 < float(np.median(frame["sodium"].to_numpy())) < 145
    assert frame["comorbidities"].max() == 9


def test_rotterdam_and_gbsg_are_the_published_partitions() -> None:
    rotterdam, gbsg = real(Rotterdam()), real(Gbsg())
    path = data_root() / PUBLISHED
    if not path.exists():
        pytest.skip(f"{PUBLISHED} is not in the data folder")
    values, partition = partitions(path, {"train": 1546, "test": 686})
    for name, frame in (("train", rotterdam), ("test", gbsg)):
        theirs = values[partition == name]
        ours = frame.select("age", "nodes", "progesterone", "oestrogen").to_numpy()
        assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, theirs[:, 3:7].tolist()))
    # Where one has all four measurements alone, time and event can be compared; the file ends at 84 months.
    keys, counts = np.unique(values[:, 3:7], axis=0, return_counts=True)
    alone = {tuple(key) for key, count in zip(keys.tolist(), counts, strict=True) if count == 1}
    told = {tuple(row[3:7]): (row[7], row[8]) for row in values.tolist()}
    differ = []
    for row in pl.concat([rotterdam, gbsg]).rows(named=True):
        key = tuple(row[name] for name in ("age", "nodes", "progesterone", "oestrogen"))
        if key in alone:
            time, event = told[key]
            assert min(row["months"], 84.0) == pytest.approx(time, abs=0.02) or row["source"] == "gbsg"
            if row["months"] < 83.9 and event != row["event"]:
                differ.append(row)
    assert 0 < len(differ) < 43, "deaths after the follow-up for recurrence had ended are events there and not here"
    assert all(row["event"] == 0 and row["source"] == "rotterdam" for row in differ)


def test_flchain_counts() -> None:
    frame = real(Flchain())
    assert frame.height == 7874
    assert int(frame["died"].sum()) == 2169
    assert frame["creatinine"].null_count() == 1350
    assert frame.filter(pl.col("years") <= 0).height == 3
    assert "chapter" not in frame.columns


def test_cholangitis_counts() -> None:
    frame = real(PrimaryBiliaryCholangitis())
    assert sorted(frame["ending"].value_counts().rows()) == [(0.0, 232), (1.0, 25), (2.0, 161)]


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "x.h5"
    broken.write_bytes(b"not HDF5")
    with pytest.raises(FileProblem, match="cannot be read as HDF5"):
        partitions(broken, {"train": 1})
