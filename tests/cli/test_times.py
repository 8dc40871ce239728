"""Times to events of one's own table from the command line: refused, run, scored and shown."""

from pathlib import Path

import polars as pl
import pytest
from tests.command import Bedside
from tests.own_data.tables import watched, written

from bedside.own_data.declaration import ValidationPart
from bedside.own_data.follow_up import Watch
from bedside.own_data.table import study_from_table
from bedside.own_data.toml import render
from bedside.report.page import read_evidence

TABLE = ("run", "--table", "patients.csv")
TIMES = (*TABLE, "--time", "months", "--event", "died")


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ((*TABLE, "--time", "months"), 2, "needs both --time and --event"),
        ((*TABLE, "--event", "died"), 2, "missing is the column of --time, how long each case was watched"),
        ((*TIMES, "--outcome", "died"), 2, "--outcome names a result known at one time"),
        ((*TIMES, "--endpoint", "binary"), 2, "leave one out"),
        ((*TABLE, "--outcome", "died", "--entry", "entered"), 2, "--entry belongs to a time to an event"),
        ((*TABLE, "--outcome", "died", "--unit", "days"), 2, "--unit belongs to a time to an event"),
        ((*TABLE,), 2, "--table FILE and --outcome COLUMN, or --time COLUMN and --event COLUMN"),
        (("run", "--images", ".", "--time", "months"), 2, "--table"),
        ((*TIMES, "--horizon", "soon"), 2, "--horizon is 'soon'"),
        ((*TIMES, "--horizon", "200"), 3, "the largest time is 100 months"),
        ((*TIMES, "--censored", "gone"), 3, "'gone' is none of the values"),
        ((*TABLE, "--time", "month", "--event", "died"), 3, "did you mean 'months'"),
        ((*TABLE, "--time", "admitted", "--event", "died"), 3, "holds dates"),
    ],
    ids=str,
)
def test_what_does_not_do_is_one_line(
    bedside: Bedside, tmp_path: Path, asked: tuple[str, ...], code: int, said: str
) -> None:
    written(watched(), tmp_path)
    answer = bedside(*asked)
    assert answer.code == code
    assert said in " ".join(answer.err.replace("│", " ").split())
    assert not (tmp_path / "runs").exists()


def test_what_is_found_out_is_said_and_written_before_training(
    bedside: Bedside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(watched().with_columns(months=pl.when(pl.int_range(pl.len()) < 2).then(0.0).otherwise("months")), tmp_path)

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bedside.cli.run.carried_out", stopped)
    answer = bedside(*TIMES, "--entry", "entered", "--horizons", "12,24", "--horizon", "60 months")
    assert answer.code == 130
    for said in (
        "excluded: 2 of 200 rows, time is zero or negative",
        "censored is '0'",
        "horizon 60 months (as asked)",
        "cases were watched only from a later time on",
    ):
        assert said in answer.out
    toml = (tmp_path / "runs" / "patients" / "study.toml").read_text()
    assert "horizon = 60.0\nhorizons = [12.0, 24.0]" in toml


def _declared(folder: Path, frame: pl.DataFrame, entry: str, validation: ValidationPart) -> None:
    """A study that runs in seconds."""
    made = study_from_table(
        written(frame, folder),
        watch=Watch("months", "died", entry, horizons=("24",), competing=("2=moved",) if 2 in frame["died"] else ()),
        positive="1=death",
        horizon="48",
        exclude=["admitted", *([] if entry else ["entered"])],
        subgroups=["sex"],
        patient="id",
        trials=1,
    )
    declared = made.declaration.model_copy(
        update={
            "validations": (validation,),
            "learners": made.declaration.learners.model_copy(update={"model": "cox", "comparators": ("marginal",)}),
            "study": made.declaration.study.model_copy(update={"bootstrap": 50}),
        }
    )
    declared = declared.model_copy(
        update={"learners": declared.learners.model_copy(update={"primary_comparator": "marginal"})}
    )
    (folder / "study.toml").write_text(render(declared))


MALE = pl.col("sex") == "male"
HURT = {
    "competing": pl.when((pl.col("died") == 1) & (pl.int_range(pl.len()) % 4 == 0)).then(2).otherwise("died"),
    "nobody censored": pl.lit(1),
    "seen late, in folds": pl.col("died"),
    "a group without events": pl.when(MALE & (pl.int_range(pl.len()) % 2 == 0)).then(0).otherwise("died"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", list(HURT))
def test_a_run_ends_in_readable_scores_and_a_report(bedside: Bedside, tmp_path: Path, how: str) -> None:
    frame = watched(240).with_columns(died=HURT[how])
    if how == "a group without events":
        frame = frame.with_columns(died=pl.when(MALE).then(0).otherwise("died"))
    folds = ValidationPart(kind="cross_validation", folds=2, repeats=1, inner=2)
    once = ValidationPart(kind="holdout", development=0.5, tuning=0.2, test=0.3)
    late = how == "seen late, in folds"
    _declared(tmp_path, frame, "entered" if late else "", folds if late else once)
    answer = bedside("run", "study.toml", "--jobs", 1, "--json")
    assert answer.code == 0, answer.err
    folder = tmp_path / "runs" / "patients"
    evidence = read_evidence(folder)
    assert {row["measure"] for row in answer.json["comparisons"]} == {"auc_at_48"}
    assert evidence.study.primary_measure == "auc_at_48"
    assert bedside("report", "runs/patients").code == 0
    scored = bedside("predict", "runs/patients", "patients.csv", "--out", "scores.csv")
    assert scored.code == 0
    lines = (tmp_path / "scores.csv").read_text().splitlines()
    names = ["death_by_24_months", "death_by_48_months"]
    names += ["moved_by_24_months", "moved_by_48_months"] if how == "competing" else []
    assert lines[0] == ",".join(["row", *names])
    assert len(lines) == 241
    risks = [[float(cell) for cell in line.split(",")[1:]] for line in lines[1:]]
    assert all(0 <= early <= late <= 1 for early, late, *_ in risks)
    assert len({late for _, late, *_ in risks}) > 100
