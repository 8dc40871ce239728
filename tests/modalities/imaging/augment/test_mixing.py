import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.imaging.law import law

from bedside.errors import StudyError
from bedside.modalities.imaging.augment.mixing import CutMix, MixUp
from bedside.modalities.imaging.batches import ImageTensors


def batch(cases: int, *size: int) -> ImageTensors:
    """Every pixel tells its case, so that shares can be read off."""
    return ImageTensors(torch.arange(float(cases)).reshape(-1, 1, *(1 for _ in size)).expand(cases, 1, *size))


@law
@given(st.integers(1, 12), st.sampled_from([(9, 7), (5, 6, 4)]), st.floats(0.05, 5.0), st.integers(0, 999))
def test_the_share_is_that_of_the_image_and_of_the_loss(
    cases: int, size: tuple[int, ...], alpha: float, seed: int
) -> None:
    given_batch = batch(cases, *size)
    for mixing in (MixUp(alpha), CutMix(alpha)):
        torch.manual_seed(seed)
        mixed, partner, share = mixing.mix(given_batch)
        assert 0.0 <= share <= 1.0
        assert sorted(partner.tolist()) == list(range(cases))
        own = torch.arange(float(cases))
        expected = share * own + (1 - share) * own[partner]
        torch.testing.assert_close(mixed.pixels.flatten(1).mean(dim=1), expected, atol=1e-4, rtol=1e-4)
        torch.manual_seed(seed)
        again = mixing.mix(given_batch)
        assert torch.equal(again[0].pixels, mixed.pixels)
        assert again[2] == share
        assert torch.equal(given_batch.pixels, batch(cases, *size).pixels)


def test_cutmix_shows_one_of_both_at_every_pixel_and_mixup_blends() -> None:
    torch.manual_seed(3)
    cut, partner, share = CutMix().mix(batch(6, 16, 16))
    assert 0.0 < share < 1.0
    for case, other, number in zip(cut.pixels, partner, range(6), strict=True):
        assert set(case.unique().tolist()) <= {float(number), float(other)}
    blended, _, _ = MixUp(1.0).mix(batch(6, 16, 16))
    assert (blended.pixels != blended.pixels.round()).any()


def test_alpha_0_changes_nothing_and_a_negative_one_is_refused() -> None:
    for make in (MixUp, CutMix):
        given_batch = batch(4, 8, 8)
        mixed, _, share = make(0.0).mix(given_batch)
        assert mixed is given_batch
        assert share == 1.0
        with pytest.raises(StudyError, match=r"alpha=-1.0; a finite number of at least 0"):
            make(-1.0)
        assert "alpha" in make().description
