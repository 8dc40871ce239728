"""From images to evidence and scores, and the same evidence from the study.toml."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.command import Bedside
from tests.own_data.images.pictures import classes, flat, picture, table

from bedside.errors import FileProblem
from bedside.evidence.schema import Evidence
from bedside.own_data.declaration import ValidationPart
from bedside.own_data.images.declaration import ImageDeclaration
from bedside.own_data.images.study import ImageStudy, study_from_images
from bedside.own_data.images.toml import render_images
from bedside.own_data.toml import declaration, load
from bedside.study.hashes import study_hash
from bedside.study.run import run


def quick(made: ImageStudy, folder: Path, *learners: str) -> Path:
    """Learners that fit in a blink, two folds, as a study.toml in the folder."""
    text = made.toml_for(folder)
    (folder / "made.toml").write_text(text, "utf-8")
    declared = declaration(folder / "made.toml")
    assert isinstance(declared, ImageDeclaration)
    names = learners or ("texture_boosting", "support_vectors")
    changed = declared.model_copy(
        update={
            "validations": (ValidationPart(kind="cross_validation", folds=2, repeats=1, inner=2),),
            "learners": declared.learners.model_copy(
                update={"model": names[0], "comparators": names[1:], "primary_comparator": names[1]}
            ),
            "study": declared.study.model_copy(update={"trials": 1, "bootstrap": 50}),
        }
    )
    path = folder / "study.toml"
    path.write_text(render_images(changed), "utf-8")
    return path


def test_the_toml_gives_the_same_study_wherever_it_lies(tmp_path: Path) -> None:
    made = study_from_images(classes(tmp_path / "scans"), flips=["left-right"], seed=7)
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(made.toml_for(folder), "utf-8")
    assert 'folder = "../../scans"' in (folder / "study.toml").read_text("utf-8")
    again = load(folder / "study.toml")
    assert study_hash(again) == study_hash(made.study)
    assert len(list(again.source.records(tmp_path))) == 24


def test_pictures_of_patients_can_be_kept_out_of_the_report(tmp_path: Path) -> None:
    made = study_from_images(classes(tmp_path / "scans"))
    assert any("show_cases = false" in note for note in made.notes)
    text = made.toml_for(tmp_path)
    assert made.study.show_cases
    (tmp_path / "study.toml").write_text(text.replace("show_cases = true", "show_cases = false"), "utf-8")
    assert not load(tmp_path / "study.toml").show_cases


def test_changed_images_are_refused(tmp_path: Path) -> None:
    toml = quick(study_from_images(classes(tmp_path / "scans")), tmp_path)
    picture(tmp_path / "scans" / "ill" / "ill00.png", seed=9)
    with pytest.raises(FileProblem, match=r"have changed since study.toml was written \(other content\)"):
        list(load(toml).source.records(tmp_path))
    picture(tmp_path / "scans" / "ill" / "another.png", seed=10)
    with pytest.raises(FileProblem, match="25 files instead of 24"):
        list(load(toml).source.records(tmp_path))


def test_a_run_counts_what_was_excluded_and_says_whose_images(bedside: Bedside, tmp_path: Path) -> None:
    folder = classes(tmp_path / "scans")
    (folder / "ill" / "fake.png").write_text("hello")
    quick(study_from_images(folder), tmp_path)
    answer = bedside("run", "study.toml", "--jobs", 1, "--json", "--out", "run")
    assert answer.code == 0, answer.err
    evidence = Evidence.model_validate_json((tmp_path / "run" / "evidence.json").read_text("utf-8"))
    assert [(step.kind, step.text, step.records) for step in evidence.flow if step.kind == "excluded"] == [
        ("excluded", "image cannot be read", 1)
    ]
    assert evidence.flow[-1].records == 24
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "neither the files nor a column tell whose image it is" in page
    assert "image cannot be read" in page

    new = classes(tmp_path / "new", each=2)
    (new / "ill" / "broken.png").write_text("hello")
    scored = bedside("predict", "run", "new", "--out", "scores.csv")
    assert scored.code == 0, scored.err
    assert "1 of 5 images cannot be scored" in scored.err
    lines = (tmp_path / "scores.csv").read_text("utf-8").splitlines()
    assert lines[0] == "image,probability,problem"
    assert [line.split(",")[0] for line in lines[1:]] == [
        "ill/broken.png", "ill/ill00.png", "ill/ill01.png", "well/well00.png", "well/well01.png",
    ]  # fmt: skip
    assert lines[1].startswith("ill/broken.png,,")
    assert float(lines[2].split(",")[1]) > float(lines[4].split(",")[1])

    listed = table(new / "list.csv", "name,ward", ["well01,a", "ill00,b", "nobody,c"])
    answer = bedside("predict", "run", listed, "--json")
    assert answer.json["images"] == ["well01", "ill00", "nobody"]
    assert answer.json["predictions"]["problem"] == [None, None, "no such file"]
    assert answer.json["predictions"]["probability"][2] is None


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", ["binary", "ordinal", "multilabel", "continuous", "multiclass"])
def test_every_endpoint_runs_with_its_network(tmp_path: Path, endpoint: str) -> None:
    every: dict[str, Callable[[int], str]] = {
        "binary": lambda k: "ab"[k % 2],
        "ordinal": lambda k: f"{k % 3}",
        "multilabel": lambda k: ("x|y", "y", "none", "x")[k % 4],
        "continuous": lambda k: f"{1.5 * (k % 2) + 0.01 * k}",
        "multiclass": lambda k: "rst"[k % 3],
    }
    words = every[endpoint]
    listed = table(tmp_path / "labels.csv", "name,grade", [f"im{k:02},{words(k)}" for k in range(36)])
    made = study_from_images(flat(tmp_path / "images", 36), labels=listed)
    assert made.declaration.outcome.endpoint == endpoint
    study = load(quick(made, tmp_path, "image_network", "support_vectors", "texture_boosting"))
    evidence = run(study, out=tmp_path / "out", root=None, seed=0, jobs=1)
    assert {row.learner for row in evidence.performance} == {"image_network", "support_vectors", "texture_boosting"}


@pytest.mark.slow
def test_a_simulated_run_needs_no_images(tmp_path: Path) -> None:
    rows = [f"im{k:02},{'ab'[k % 2]},{k % 3},p{k}" for k in range(30)]
    listed = table(tmp_path / "labels.csv", "name,label,ward,person", rows)
    made = study_from_images(flat(tmp_path / "images"), labels=listed, patient="person", subgroups=["ward"])
    toml = quick(made, tmp_path)
    (tmp_path / "labels.csv").unlink()
    evidence = run(load(toml), out=tmp_path / "out", root=None, seed=0, simulated=60, jobs=1)
    assert evidence.study.simulated


def test_options_of_a_table_do_not_go_with_images(bedside: Bedside, tmp_path: Path) -> None:
    classes(tmp_path / "scans")
    for options, said in (
        (("--images", "scans", "--index-time", "day"), "belong to tables"),
        (("--grades", "a,b,c"), "need --images DIR"),
        (("--images", "scans", "--endpoint", "survival"), "'survival' is not known"),
        (("--images", "scans", "--flips", "sideways"), "'sideways' is not known; give left-right"),
        (("--images", "scans", "--size", "big"), "write 64, 64x48"),
        (("--images", "scans", "tiny"), "give one of"),
        (("scans",), "try `bedside run --images scans`"),
    ):
        answer = bedside("run", *options)
        assert answer.code == 2, said
        assert said in " ".join(answer.err.replace("│", " ").split()), answer.err


def test_ph2_is_read_from_its_own_table() -> None:
    root = Path(os.environ.get("BEDSIDE_DATA", "")) / "ph2"
    if not root.is_dir():
        pytest.skip("BEDSIDE_DATA has no ph2")
    made = study_from_images(root / "images", labels=root / "PH2_simple_dataset.csv")
    assert made.declaration.outcome.classes == ("Atypical Nevus", "Common Nevus", "Melanoma")
    assert (made.declaration.plan.size, made.declaration.plan.channels) == ((48, 64), 3)


def test_busi_holds_one_image_under_two_diagnoses() -> None:
    root = Path(os.environ.get("BEDSIDE_DATA", "")) / "busi"
    if not root.is_dir():
        pytest.skip("BEDSIDE_DATA has no busi")
    from bedside.errors import OutcomeProblem

    with pytest.raises(OutcomeProblem, match=r"benign \(433\).png and malignant/malignant \(145\).png show the same"):
        study_from_images(root)
