"""Weights from a file: every parameter is matched or declared new, and nothing that runs code is opened."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from bedside.errors import FileProblem, ModelError
from bedside.training.weights import Matched, matched, read, sha256


def encoder(channels: int = 1) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))


def given_by(module: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name: value + 1 for name, value in module.state_dict().items()}


def match(tensors: Mapping[str, Tensor], into: nn.Module, **options: Any) -> Matched:
    chosen = {"keys": {}, "new": (), "least": 0.5, "grey": False, "where": "the file", **options}
    return matched(tensors, into, **chosen)


def test_all_is_taken_and_put_where_it_belongs() -> None:
    into = encoder()
    given_tensors = given_by(encoder(), "backbone.")
    found = match(given_tensors, into, keys={"backbone.": ""}, least=1.0)
    assert (found.share, found.new, found.unused) == (1.0, (), ())
    found.put_into(into)
    for name, value in into.state_dict().items():
        assert torch.equal(value, given_tensors[f"backbone.{name}"])


@given(st.permutations(["0.weight", "0.bias", "3.weight", "3.bias"]))
def test_a_map_of_single_names_is_independent_of_order(names: list[str]) -> None:
    own = encoder()
    tensors = given_by(own)
    renamed = {f"x.{names.index(name)}" if name in names else name: value for name, value in tensors.items()}
    keys = {f"x.{place}": name for place, name in enumerate(names)}
    found = match(dict(sorted(renamed.items())), encoder(), keys=keys)
    assert {name: value.tolist() for name, value in found.taken.items()} == {
        name: value.tolist() for name, value in tensors.items()
    }


def test_the_longest_rule_counts() -> None:
    tensors = given_by(encoder(), "net.")
    tensors["net.odd.weight"] = tensors.pop("net.3.weight")
    assert match(tensors, encoder(), keys={"net.": "", "net.odd.": "3."}).share == 1.0


def test_what_is_missing_is_named_or_declared_new() -> None:
    tensors = given_by(encoder())
    del tensors["3.weight"]
    tensors["classifier.weight"] = torch.zeros(2)
    with pytest.raises(ModelError, match=r"1 parameters are not in it \(3.weight; it has classifier.weight besides\)"):
        match(tensors, encoder())
    found = match(tensors, encoder(), new=("3.weight",), least=0.4)
    assert found.new == ("3.weight",)
    assert found.unused == ("classifier.weight",)
    assert found.record["start_tensors_unused"] == 1
    assert found.record["start_unused"] == "classifier.weight"


def test_what_is_declared_new_is_left_alone() -> None:
    into = encoder()
    before = into.state_dict()["3.weight"].clone()
    match(given_by(encoder()), into, new=("3.",), least=0.1).put_into(into)
    assert torch.equal(into.state_dict()["3.weight"], before)


def test_another_shape_is_named_with_both() -> None:
    tensors = given_by(encoder())
    tensors["3.weight"] = torch.zeros(5, 16)
    with pytest.raises(ModelError, match=r"3.weight: received \(5, 16\), allowed \(3, 16\).*Declare the architecture"):
        match(tensors, encoder())


def test_too_little_is_refused() -> None:
    with pytest.raises(ModelError, match=r"would give \d+.\d% .* at least 90% are asked for"):
        match(given_by(encoder()), encoder(), new=("3.",), least=0.9)
    with pytest.raises(ModelError, match="parameters are not in it"):
        match({}, encoder())
    with pytest.raises(ModelError, match=r"would give 0\.0%"):
        match({}, encoder(), new=("0.", "1.", "3."))


def test_a_rule_that_fits_nothing_is_an_error() -> None:
    with pytest.raises(ModelError, match=r"the key map names 'backbon\.', which fit no tensor; it has 0\.weight"):
        match(given_by(encoder()), encoder(), keys={"backbon.": ""})


def test_two_names_for_one_parameter_are_an_error() -> None:
    tensors = given_by(encoder()) | given_by(encoder(), "ema.")
    with pytest.raises(ModelError, match="would both become"):
        match(tensors, encoder(), keys={"ema.": ""})


def test_three_channels_are_summed_where_declared() -> None:
    tensors = given_by(encoder(3))
    with pytest.raises(ModelError, match=r"received \(4, 3, 3, 3\), allowed \(4, 1, 3, 3\)"):
        match(tensors, encoder())
    found = match(tensors, encoder(), grey=True)
    assert found.summed == "0.weight"
    grey = torch.rand(2, 1, 4, 4)
    into, coloured = encoder(), encoder(3)
    found.put_into(into)
    coloured.load_state_dict(tensors)
    assert torch.allclose(into.eval()(grey), coloured.eval()(grey.expand(-1, 3, -1, -1)), atol=1e-5)


def test_half_precision_is_widened(tmp_path: Path) -> None:
    save_file({name: value.half() for name, value in given_by(encoder()).items()}, tmp_path / "half.safetensors")
    found = match(read(tmp_path / "half.safetensors"), encoder())
    assert found.taken["0.weight"].dtype == torch.float32


@pytest.mark.parametrize("name", ["weights.pt", "weights.PTH", "weights.bin", "weights.safetensors", "weights"])
def test_pickled_weights_are_never_opened(tmp_path: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / name).write_bytes(pickle.dumps(Trap(), protocol=2))
    with pytest.raises(FileProblem, match=r"pickled.*safetensors is allowed.*weights_only=True"):
        read(tmp_path / name)
    torch.save({"a": torch.zeros(1)}, tmp_path / name)
    with pytest.raises(FileProblem, match="pickled"):
        read(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_damaged_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="do not exist"):
        read(tmp_path / "none.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    with pytest.raises(FileProblem, match="no safetensors file, or damaged"):
        read(tmp_path / "cut.safetensors")
    with pytest.raises(FileProblem, match="cannot be read"):
        sha256(tmp_path / "none.safetensors")
