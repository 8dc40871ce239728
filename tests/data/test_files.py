"""Finding, fetching and verifying files, against a real web server on this machine."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bedside.data.accepted import Accepted, accepting
from bedside.data.files import data_root, here, is_expected, locate
from bedside.data.source import DataFile, Resaved
from bedside.errors import FileProblem

CONTENT = b"63,1,1,145\n67,1,4,160\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "rows.data").write_bytes(CONTENT)
    (folder / "edited.data").write_bytes(CONTENT + b"1,1,1,1\n")
    (folder / "truncated.zip").write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.writestr("inside/rows.data", CONTENT)
        archive.writestr("readme", "two files")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_that_is_there_is_verified(tmp_path: Path) -> None:
    file = DataFile("set/rows.data", (SHA256,))
    (tmp_path / "set").mkdir()
    (tmp_path / "set/rows.data").write_bytes(CONTENT)
    assert here(file, tmp_path)
    assert locate(file, tmp_path) == tmp_path / "set/rows.data"


def test_any_of_the_accepted_contents_will_do(tmp_path: Path) -> None:
    (tmp_path / "rows.data").write_bytes(CONTENT)
    assert locate(DataFile("rows.data", ("0" * 64, SHA256)), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty"), (CONTENT[:-5], "truncated, edited or another version")]
)
def test_other_content_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "rows.data").write_bytes(content)
    with pytest.raises(FileProblem, match=words):
        locate(DataFile("rows.data", (SHA256,)), tmp_path)
    assert (tmp_path / "rows.data").read_bytes() == content, "a file of the user's is never deleted"


def test_absent_without_an_address_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(FileProblem) as caught:
        locate(DataFile("set/rows.data", (SHA256,)), tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "set/rows.data") in message
    assert SHA256 in message
    assert "BEDSIDE_DATA" in message


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.data").mkdir()
    with pytest.raises(FileProblem, match="is not a file"):
        locate(DataFile("rows.data", (SHA256,)), tmp_path)


def test_fetched_once(tmp_path: Path, address: str) -> None:
    file = DataFile("set/rows.data", (SHA256,), f"{address}/rows.data")
    assert not here(file, tmp_path)
    assert locate(file, tmp_path).read_bytes() == CONTENT
    assert here(file, tmp_path)
    offline = DataFile(file.path, file.sha256, "http://127.0.0.1:9/rows.data")
    assert locate(offline, tmp_path).read_bytes() == CONTENT


def test_fetched_out_of_an_archive(tmp_path: Path, address: str) -> None:
    for number in (1, 2):
        file = DataFile(f"set/{number}.data", (SHA256,), f"{address}/archive.zip", "rows.data")
        assert locate(file, tmp_path).read_bytes() == CONTENT
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["1.data", "2.data"]


@pytest.mark.parametrize(
    ("name", "member", "words"),
    [
        ("edited.data", None, "nothing was kept"),
        ("absent.data", None, "could not be fetched"),
        ("archive.zip", "other.data", "0 files named other.data"),
        ("truncated.zip", "rows.data", "is not a zip archive"),
    ],
)
def test_a_bad_transfer_leaves_nothing_behind(
    tmp_path: Path, address: str, name: str, member: str | None, words: str
) -> None:
    file = DataFile("set/rows.data", (SHA256,), f"{address}/{name}", member)
    with pytest.raises(FileProblem, match=words):
        locate(file, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_network_says_what_to_put_where(tmp_path: Path) -> None:
    file = DataFile("set/rows.data", (SHA256,), "http://127.0.0.1:9/archive.zip", "rows.data")
    with pytest.raises(FileProblem) as caught:
        locate(file, tmp_path)
    assert "take rows.data out of it" in str(caught.value)
    assert str(tmp_path / "set/rows.data") in str(caught.value)


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path / "not yet there"))
    assert data_root() == tmp_path / "not yet there"
    monkeypatch.setenv("BEDSIDE_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_root() == tmp_path / "cache/bedside"
    (tmp_path / "file").touch()
    monkeypatch.setenv("BEDSIDE_DATA", str(tmp_path / "file"))
    with pytest.raises(FileProblem, match="not a folder"):
        data_root()


def test_a_folder_is_known_by_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "set/inner").mkdir(parents=True)
    (tmp_path / "set/a.png").write_bytes(b"a")
    (tmp_path / "set/inner/b.png").write_bytes(b"b")
    lines = "\n".join(
        f"{hashlib.sha256(name[-5:-4].encode()).hexdigest()}  {name}" for name in ("a.png", "inner/b.png")
    )
    file = DataFile("set", (hashlib.sha256(lines.encode()).hexdigest(),), folder=2)
    assert here(file, tmp_path)
    assert locate(file, tmp_path) == tmp_path / "set"
    (tmp_path / "set/a.png").write_bytes(b"other")
    with pytest.raises(FileProblem, match="not the expected file"):
        locate(file, tmp_path)
    (tmp_path / "set/a.png").unlink()
    assert not here(file, tmp_path)
    with pytest.raises(FileProblem, match="holds 1 files; 2 are expected"):
        locate(file, tmp_path)


@pytest.mark.parametrize("wrong", ["md5", "sha256", ""])
def test_where_two_checksums_are_declared_both_must_match(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "rows.data").write_bytes(CONTENT)
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    file = DataFile("rows.data", ("0" * 64 if wrong == "sha256" else SHA256,), md5="0" * 32 if wrong == "md5" else md5)
    assert is_expected(file, tmp_path) is not bool(wrong)
    if not wrong:
        assert locate(file, tmp_path).is_file()
        return
    with pytest.raises(FileProblem, match="is not the expected file"):
        locate(file, tmp_path)


def test_a_resaved_copy_is_refused_unless_it_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "rows.data").write_bytes(CONTENT)
    official = hashlib.md5(b"the published file", usedforsecurity=False).hexdigest()
    file = DataFile("rows.data", (), md5=official, resaved=(Resaved(SHA256, "its labels have lost an axis"),))
    with pytest.raises(FileProblem, match="re-saved copy.*lost an axis.*--accept-checksum " + SHA256):
        locate(file, tmp_path)
    with accepting((SHA256.upper(),)) as used:
        assert locate(file, tmp_path).read_bytes() == CONTENT
    assert list(used) == [Accepted("rows.data", SHA256, "its labels have lost an axis")]
    with pytest.raises(FileProblem):
        locate(file, tmp_path)
    (tmp_path / "rows.data").write_bytes(b"the published file")
    assert is_expected(file, tmp_path)
    assert locate(file, tmp_path).is_file()
