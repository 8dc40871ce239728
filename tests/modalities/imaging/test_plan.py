import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import StudyError
from bedside.modalities.imaging.plan import ImagePlan

PLANS = st.builds(
    ImagePlan,
    size=st.sampled_from([(28, 28), (64, 48), (32, 48, 32)]),
    channels=st.integers(1, 4),
    window=st.none() | st.tuples(st.floats(-1000, 1000), st.floats(1, 4000)),
    clip=st.none() | st.just((0.5, 99.5)),
    scale=st.sampled_from(["development", "image"]),
    fit=st.sampled_from(["letterbox", "crop", "stretch"]),
    convert=st.booleans(),
    bias_field=st.booleans(),
)


@law
@given(PLANS)
def test_a_plan_comes_back_from_its_state_as_json(plan: ImagePlan) -> None:
    assert ImagePlan.from_state(json.loads(json.dumps(plan.state()))) == plan


@pytest.mark.parametrize(
    ("declared", "received", "allowed"),
    [
        ({"size": (28,)}, "size=(28,)", "two or three"),
        ({"size": (1, 28)}, "size=(1, 28)", "at least 2"),
        ({"channels": 0}, "channels=0", "grey"),
        ({"spacing": (1.0,)}, "spacing=(1.0,)", "2 positive numbers of millimetres"),
        ({"spacing": (1.0, -1.0)}, "spacing=(1.0, -1.0)", "positive"),
        ({"orientation": "RAS"}, "orientation='RAS'", "volumes"),
        ({"size": (8, 8, 8), "orientation": "RLS"}, "orientation='RLS'", "one letter each"),
        ({"size": (8, 8, 8), "orientation": "XYZ"}, "orientation='XYZ'", "one letter each"),
        ({"window": (40.0, 0.0)}, "window=(40.0, 0.0)", "positive width"),
        ({"clip": (99.0, 1.0)}, "clip=(99.0, 1.0)", "rising"),
        ({"scale": "dataset"}, "scale='dataset'", "'image'"),
        ({"fit": "squeeze"}, "fit='squeeze'", "'letterbox'"),
        ({"enlarge": 0.5}, "enlarge=0.5", "at least 1"),
        ({"remove_hair": True}, "remove_hair=True", "colour"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_what_is_allowed(
    declared: dict[str, Any], received: str, allowed: str
) -> None:
    with pytest.raises(StudyError) as refused:
        ImagePlan(**{"size": (28, 28), **declared})
    assert received in str(refused.value)
    assert allowed in str(refused.value)


def test_the_methods_section_hears_of_every_step_that_is_declared() -> None:
    plan = ImagePlan(
        (64, 64, 64), spacing=(1.0, 1.0, 2.5), orientation="RAS", window=(40.0, 400.0), scale="image", bias_field=True
    )
    words = plan.description
    for said in ("RAS", "40", "400", "1 x 1 x 2.5 mm", "64 x 64 x 64", "shading", "99.5", "each image"):
        assert said in words
    assert "letterbox" not in ImagePlan((28, 28)).description
    assert "padded" in ImagePlan((28, 28)).description
