"""The breast_ultrasound study conforms."""

from dataclasses import replace
from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.breast_ultrasound.study import study
from bedside.explain.images.explainer import CLASS_ACTIVATIONS


def test_conforms(tmp_path: Path) -> None:
    # The other explainers take longer than all else; they have tests of their own, and pneumonia_xray runs them all.
    check_study(replace(study(), explainers=CLASS_ACTIVATIONS), tmp_path, n=60)
