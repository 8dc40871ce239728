"""The name that a log has for a path tells files apart and cannot be guessed back."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bedside.modalities.imaging.file import ImageFile, short_name

NAMED = Path("/clinic/Doe^Jane^19500101/scan.dcm")


def test_the_name_is_no_hash_that_others_could_make() -> None:
    shown = short_name(NAMED)
    text = NAMED.as_posix().encode()
    for kind in sorted(hashlib.algorithms_guaranteed):
        made = hashlib.new(kind, text, usedforsecurity=False)
        assert not (made.hexdigest(64) if kind.startswith("shake") else made.hexdigest()).startswith(shown)  # type: ignore[call-arg]
    assert hashlib.blake2b(text, digest_size=6).hexdigest() != shown
    command = "import sys; from bedside.modalities.imaging.file import *; print(short_name(Path(sys.argv[1])))"
    asked = [sys.executable, "-c", command, str(NAMED)]
    elsewhere = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert len(elsewhere.strip()) == len(shown) == 12
    assert elsewhere.strip() != shown


def test_within_a_process_it_tells_files_apart_and_shows_no_path() -> None:
    assert short_name(NAMED) == short_name(Path(str(NAMED)))
    assert short_name(NAMED) != short_name(NAMED.with_name("other.dcm"))
    assert repr(ImageFile(NAMED)) == f"ImageFile({short_name(NAMED)})"
    assert "Doe" not in repr(ImageFile(NAMED))
