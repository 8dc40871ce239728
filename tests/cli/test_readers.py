"""`bedside readers` from the list to the page."""

import csv
import html
import json
from pathlib import Path

import pytest
from tests.command import Bedside

from bedside.evidence.readers import ReaderEvidence

CASES = [f"case-{k}" for k in range(24)]


@pytest.fixture
def study(bedside: Bedside, tmp_path: Path) -> Path:
    """A finished blinded crossover: ana always right with the model, both sometimes wrong without."""
    truth = {case: k % 3 == 0 for k, case in enumerate(CASES)}
    (tmp_path / "cases.csv").write_text("case\n" + "\n".join(CASES) + "\n")
    (tmp_path / "truth.csv").write_text("case,truth\n" + "".join(f"{c},{int(t)}\n" for c, t in truth.items()))
    (tmp_path / "model.csv").write_text(
        "case,prediction\n" + "".join(f"{c},{0.8 if t else 0.1}\n" for c, t in truth.items())
    )
    answer = bedside("readers", "list", "cases.csv", "--readers", "ana,ben", "--key", "key.csv", "--aided", "--seed", 1)
    assert answer.code == 0, answer.err
    key = {row["code"]: row for row in _rows(tmp_path / "key.csv")}
    for path in (tmp_path / "lists").iterdir():
        rows = _rows(path)
        for row in rows:
            case = key[row["code"]]["case"]
            slip = row["arm"] == "without" and int(case[5:]) % (4 if path.stem == "ana" else 5) == 0
            row["reading"] = str(int(truth[case] != slip))
        with path.open("w") as stream:
            table = csv.DictWriter(stream, rows[0])
            table.writeheader()
            table.writerows(rows)
    return tmp_path


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def test_from_blinded_lists_to_a_page(bedside: Bedside, study: Path) -> None:
    answer = bedside(
        "readers", "judge", "lists/ana.csv", "lists/ben.csv", "--key", "key.csv", "--reference", "truth.csv",
        "--model", "model.csv", "--model-threshold", "0.5", "--primary", "sensitivity", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    found = ReaderEvidence.model_validate_json((study / "readers/readers.json").read_bytes())
    assert answer.json["verdict"] == found.verdict
    assert found.arms == ("with", "without")
    assert found.crossed
    (primary,) = [row for row in found.contrasts if row.primary]
    assert (primary.first, primary.second) == ("the average reader (with)", "the average reader (without)")
    page = (study / "readers/readers.html").read_text("utf-8")
    assert found.verdict in page
    assert "Content-Security-Policy" in page
    assert not any(word in page for word in ('src="http', 'href="http', *CASES))


@pytest.mark.usefixtures("study")
def test_a_person_reads_a_table(bedside: Bedside) -> None:
    answer = bedside(
        "readers", "judge", "lists/ana.csv", "lists/ben.csv", "--key", "key.csv", "--reference", "truth.csv"
    )
    assert answer.code == 0, answer.err
    assert "sensitivity" in answer.out
    assert "readers/readers.html" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("judge", "absent.csv", "--reference", "truth.csv"), 3, "absent.csv does not exist"),
        (("judge", "lists/ana.csv", "--reference", "truth.csv"), 3, "no column 'case'"),
        (("judge", "lists/ana.csv", "--key", "truth.csv"), 3, "no column 'code'"),
        (("judge", "lists/ana.csv", "--scale", "sometimes"), 2, "scale is 'sometimes'"),
        (("judge", "lists/ana.csv", "--key", "key.csv", "--reference", "truth.csv", "--pooled", "zoe"), 2, "'zoe'"),
        (("judge", "lists/ana.csv", "--run", "a", "--model", "b"), 2, "either --run RUN or --model FILE"),
        (("judge", "lists/ana.csv", "--run", "nothing"), 3, "nothing/evidence.json does not exist"),
        (("list", "cases.csv", "--readers", "ana,ana", "--key", "k.csv"), 2, "named more than once"),
        (("list", "cases.csv", "--readers", "ana", "--key", "lists/k.csv"), 2, "keep it elsewhere"),
        (("list", "truth.csv", "--readers", "ana", "--key", "key.csv"), 2, "never overwritten"),
    ],
)
def test_bad_input_is_one_sentence(
    bedside: Bedside, study: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    answer = bedside("readers", *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert not (study / "readers").exists()


def test_failures_are_json_too(bedside: Bedside) -> None:
    answer = bedside("readers", "judge", "absent.csv", "--json")
    assert json.loads(answer.out)["error"]["exit_code"] == 3


@pytest.mark.parametrize("command", ["list", "judge"])
def test_help_gives_examples(bedside: Bedside, command: str) -> None:
    assert f"bedside readers {command} " in bedside("readers", command, "--help").out


RHYTHMS = ("sinus", "AF", "flutter")


@pytest.fixture
def rhythms(bedside: Bedside, tmp_path: Path) -> Path:
    """Three readers and a model put 36 cases into three categories."""
    del bedside
    truth = {f"case-{k}": k % 3 for k in range(36)}
    (tmp_path / "rhythm.csv").write_text("case,truth\n" + "".join(f"{c},{RHYTHMS[t]}\n" for c, t in truth.items()))
    lines = [
        f"{case},{reader},{RHYTHMS[(t + (int(case[5:]) % (4 + number) == 0)) % 3]}"
        for number, reader in enumerate(("ana", "ben", "cyd"))
        for case, t in truth.items()
    ]
    (tmp_path / "readings.csv").write_text("case,reader,reading\n" + "\n".join(lines) + "\n")
    said = "".join(f"{c},{RHYTHMS[(t + (c == 'case-7')) % 3]}\n" for c, t in truth.items())
    (tmp_path / "choices.csv").write_text("case,prediction\n" + said)
    return tmp_path


@pytest.mark.parametrize("declared", [(), ("--categories", "sinus, AF, flutter"), ("--scale", "category")])
def test_categories_are_judged_whether_recognised_or_declared(
    bedside: Bedside, rhythms: Path, declared: tuple[str, ...]
) -> None:
    answer = bedside(
        "readers", "judge", "readings.csv", "--reference", "rhythm.csv", "--model", "choices.csv", *declared
    )
    assert answer.code == 0, answer.err
    assert "balanced_accuracy" in answer.out
    found = ReaderEvidence.model_validate_json((rhythms / "readers/readers.json").read_bytes())
    assert found.category_cases == dict.fromkeys(RHYTHMS, 12)
    accuracy = {row.judge: row.value for row in found.performance if row.measure == "accuracy"}
    assert accuracy["ana"] == pytest.approx(27 / 36)  # wrong in each fourth case
    assert accuracy["model"] == pytest.approx(35 / 36)
    page = (rhythms / "readers/readers.html").read_text("utf-8")
    assert found.verdict in html.unescape(page)
    assert "What was said of the cases of each category" in page
    assert "rank no cases" in page


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--scale", "call"), 3, "line 2: truth is text of 5 characters"),
        (("--threshold", "3"), 2, "categories have no order"),
        (("--categories", "sinus,AF"), 3, "which is none of 'sinus', 'AF'"),
        (("--categories", "sinus,AF,Flutter"), 3, "truth is 'Flutter' in another spelling"),
        (("--categories", "sinus,AF,flutter", "--scale", "1-5"), 2, "--scale 1-5 is not"),
        (("--primary", "auroc"), 2, "rank no cases"),
        (("--model", "rhythm.csv"), 3, "no column 'prediction'"),
    ],
)
@pytest.mark.usefixtures("rhythms")
def test_bad_categories_are_one_sentence(bedside: Bedside, arguments: tuple[str, ...], code: int, said: str) -> None:
    answer = bedside("readers", "judge", "readings.csv", "--reference", "rhythm.csv", *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert answer.err.count("\n") == 1
