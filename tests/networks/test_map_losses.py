"""Losses of maps against their definitions; pixels without a judgement count for nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from bedside.errors import StudyError
from bedside.networks.losses import CrossEntropy, Focal, loss_words
from bedside.networks.map_losses import IGNORED, MapLoss, Tversky

SIZES = ((6, 7), (4, 5, 3))


def maps(size: tuple[int, ...], classes: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, *size, generator=generator)
    return logits, torch.randint(0, classes, (2, *size), generator=generator).to(torch.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("missed", "extra"), [(0.5, 0.5), (0.7, 0.3), (1.0, 0.0)])
def test_overlap_is_its_definition(size: tuple[int, ...], missed: float, extra: float) -> None:
    """Salehi et al. 2017, equation 1, with one pixel added to numerator and denominator; half and half is Dice."""
    logits, labels = maps(size)
    shares, drawn, indices = torch.softmax(logits, 1).numpy(), labels.numpy(), []
    for structure in (1, 2):
        told, true = shares[:, structure].astype(np.float64), drawn == structure
        hit, slipped, wrong = told[true].sum(), (1 - told[true]).sum(), told[~true].sum()
        indices.append((hit + 1) / (hit + missed * slipped + extra * wrong + 1))
        if missed == extra == 0.5:
            np.testing.assert_allclose(indices[-1], (2 * hit + 2) / (told.sum() + true.sum() + 2))
    loss = MapLoss(Tversky(missed=missed, extra=extra), of_class=None)(logits, labels)
    np.testing.assert_allclose(loss.item(), 1 - np.mean(indices), rtol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_the_log_loss_is_that_of_torch(size: tuple[int, ...]) -> None:
    logits, labels = maps(size)
    labels[0, 1] = IGNORED
    peer = functional.cross_entropy(logits, labels.long(), ignore_index=IGNORED)
    torch.testing.assert_close(MapLoss(overlap=None)(logits, labels), peer)
    both = MapLoss()(logits, labels)
    torch.testing.assert_close(both, peer + MapLoss(of_class=None)(logits, labels))


def test_a_focal_loss_of_pixels_is_its_definition() -> None:
    logits, labels = maps((6, 7))
    chance = torch.softmax(logits, 1).gather(1, labels.long().unsqueeze(1)).squeeze(1)
    expected = (-((1 - chance) ** 2) * chance.log()).mean()
    told = MapLoss(overlap=None, of_class=Focal(2.0))(logits, labels)
    torch.testing.assert_close(told, expected, rtol=1e-4, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), share=st.floats(0.0, 1.0))
def test_what_is_not_judged_has_no_say(seed: int, share: float) -> None:
    logits, labels = maps((5, 6), seed=seed)
    unknown = torch.rand(labels.shape, generator=torch.Generator().manual_seed(seed)) < share
    labels[unknown] = IGNORED
    logits.requires_grad_()
    loss = MapLoss()(logits, labels)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(loss)
    assert float(logits.grad.abs().amax(1)[unknown].max() if unknown.any() else 0.0) == 0.0
    other = torch.where(unknown.unsqueeze(1), torch.full_like(logits, 9.0), logits)
    torch.testing.assert_close(MapLoss()(other, labels), loss)
    if unknown.all():
        assert loss.item() == 0.0


def test_the_truth_has_no_loss_and_its_opposite_the_largest() -> None:
    _, labels = maps((8, 8), classes=2)
    sure = 20.0 * functional.one_hot(labels.long(), 2).permute(0, 3, 1, 2)
    assert float(MapLoss()(sure, labels)) < 1e-4
    assert float(MapLoss(of_class=None)(-sure, labels)) > 0.9


def test_an_image_without_the_structure_is_right_when_none_is_told() -> None:
    labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    logits = torch.stack([torch.full((1, 8, 8), 20.0), torch.zeros(1, 8, 8)], dim=1)
    assert float(MapLoss(of_class=None)(logits, labels)) < 1e-4
    assert float(MapLoss(of_class=None)(-logits, labels)) > 0.9


def test_words_and_refusals() -> None:
    assert MapLoss().description == "a Dice loss plus the log loss"
    assert "missed pixels weighted 0.7" in MapLoss(Tversky(0.7, 0.3)).description
    assert loss_words({"loss": MapLoss(None, Focal(2.0))}) == (
        "It was trained with a focal loss of power 2 (Lin et al., 2017)."
    )
    assert "recalibrated" in loss_words({"loss": CrossEntropy()})
    assert "recalibrated" in loss_words({"weights": "balanced"})
    with pytest.raises(StudyError, match="missed=-1"):
        Tversky(-1.0, 0.5)
    with pytest.raises(StudyError, match="not both 0"):
        Tversky(0.0, 0.0)
    with pytest.raises(StudyError, match="neither overlap nor of_class"):
        MapLoss(None, None)


def test_gradients_agree_with_finite_differences() -> None:
    logits, labels = maps((3, 4))
    labels[0, 0, 0] = IGNORED
    assert torch.autograd.gradcheck(
        lambda x: MapLoss(Tversky(0.6, 0.4), Focal(2.0))(x, labels), logits.double().requires_grad_()
    )
    assert np.isfinite(float(MapLoss()(logits, labels)))
