"""The model card can be read by a machine and by a person."""

import pytest
import yaml
from tests.report.evidence_examples import ALL, binary, hostile, simulated

from bedside.report.card import model_card


@pytest.mark.parametrize("name", ALL)
def test_metadata_is_yaml_with_the_estimates_of_the_released_learner(name: str) -> None:
    evidence = ALL[name]()
    _, metadata, body = model_card(evidence).split("---\n", 2)
    read = yaml.safe_load(metadata)
    metrics = {metric["type"]: metric["value"] for metric in read["model-index"][0]["results"][0]["metrics"]}
    for row in evidence.performance:
        judged = row.validation == evidence.study.primary_validation and row.partition in ("test", "out_of_fold")
        if judged and row.group == "all" and row.learner == "elastic_net":
            assert metrics[row.measure] == row.value
    assert "Not a medical device" in body


def test_without_a_release_the_card_is_the_model_on_trial() -> None:
    card = model_card(binary().model_copy(update={"released": None}))
    assert "# Tabular network:" in card


def test_simulated_data_and_doubts_are_said() -> None:
    card = model_card(simulated())
    assert "Simulated data." in card
    assert "simulated-data" in card
    assert simulated().doubts[0] in card


def test_hostile_words_start_no_markup() -> None:
    body = model_card(hostile()).split("---\n", 2)[2]
    assert "<script" not in body
