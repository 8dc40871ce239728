"""Which file of outlines belongs to which image: by name, without what both are usually called besides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bedside.errors import FileProblem
from bedside.own_data.images.files import ImageFiles, without_suffix

_OUTLINES = (
    "mask", "masks", "seg", "segmentation", "label", "labels", "labelmap", "gt", "groundtruth", "ground_truth",
    "annotation", "annotations", "roi", "outline", "manual",
)  # fmt: skip
_IMAGES = ("image", "img", "scan", "0000")
"""What names of outlines and of images end or begin with besides; 0000 is nnU-Net's first channel."""

_ASIDE = {".csv", ".tsv", ".txt", ".json", ".md", ".pdf", ".html", ".toml", ".yaml"}


@dataclass(frozen=True)
class Pairs:
    """Images with their files of outlines.

    Attributes:
        found: The one file of an image.
        several: Images that have more than one, and these.
        unused: Files without an image.
    """

    found: Mapping[Path, Path]
    several: Mapping[Path, tuple[Path, ...]]
    unused: tuple[Path, ...]


def outline_files(
    folder: Path, images: Path, *, suffixes: frozenset[str] | None = None, what: str = "file of outlines"
) -> list[Path]:
    """Files of outlines below a folder, sorted; where images lie in the same folder only those that are called so.

    Args:
        folder: Of the outlines.
        images: Folder of the images.
        suffixes: Of files that may hold outlines; None for all but tables and texts.
        what: Such a file, for messages.

    Raises:
        FileProblem: It is no folder, or holds none.
    """
    if not folder.is_dir():
        wrong = "is a file, not a folder" if folder.exists() else "does not exist"
        msg = f"{folder} {wrong}; name the folder that holds one file of outlines an image"
        raise FileProblem(msg)
    together = folder.resolve() == images.resolve()
    inner = images.resolve() if images.resolve().is_relative_to(folder.resolve()) and not together else None
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (path.suffix.lower() in suffixes if suffixes else path.suffix.lower() not in _ASIDE)
        and not (inner is not None and path.resolve().is_relative_to(inner))
        and not (together and suffixes is None and plain(path.name, _OUTLINES) == without_suffix(path.name))
    ]
    if not found:
        how = f" with names such as {_example(images)}_mask" if together and suffixes is None else ""
        msg = f"{folder} holds no {what}{how}; put one file an image there, named as the image"
        raise FileProblem(msg)
    return found


def paired(files: ImageFiles, folder: Path, outlines: Sequence[Path]) -> Pairs:
    """Each image with the file that is named as it is: by its path below both folders, else by its name alone.

    Raises:
        FileProblem: No image has one; the message names an example of both.
    """
    by = _by_name(folder, outlines)
    found: dict[Path, Path] = {}
    several: dict[Path, tuple[Path, ...]] = {}
    claimed: dict[Path, list[Path]] = {}
    for image in files.paths:
        short = PurePosixPath(files.short(image))
        names = (without_suffix(short.name), plain(short.name, _IMAGES))
        ways = (by.get(key) for key in (*(f"/{short.with_name(name)}" for name in names), *names))
        fitting = next((way for way in ways if way), [])
        if len(fitting) > 1:
            several[image] = tuple(fitting)
        for path in fitting:
            claimed.setdefault(path, []).append(image)
        if len(fitting) == 1:
            found[image] = fitting[0]
    for path, images in claimed.items():
        if len(images) > 1:  # one file cannot be of two images: each is told as ambiguous
            for image in images:
                found.pop(image, None)
                several.setdefault(image, (path,))
    if not found:
        example, outline = files.short(files.paths[0]), outlines[0].relative_to(folder).as_posix()
        why = "belongs to exactly one" if several else "is named as one"
        msg = (
            f"no file below {folder} {why} of the {len(files.paths)} images below {files.root} (an image is "
            f"{example}, a file of outlines {outline}); name both alike, such as "
            f"{without_suffix(PurePosixPath(example).name)}_mask"
        )
        raise FileProblem(msg)
    return Pairs(found, several, tuple(path for path in outlines if path not in claimed))


def _by_name(folder: Path, outlines: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by their path below the folder, which begins with "/", and by their name; each as it is and plain."""
    by: dict[str, list[Path]] = {}
    for path in outlines:
        own = PurePosixPath(path.relative_to(folder).as_posix())
        bare, trimmed = without_suffix(own.name), plain(own.name, _OUTLINES)
        for key in {f"/{own.with_name(bare)}", f"/{own.with_name(trimmed)}", bare, trimmed}:
            by.setdefault(key, []).append(path)
    return by


def plain(name: str, words: Sequence[str]) -> str:
    """A file's name without its suffix and without words that only say what it is.

    Example:
        >>> plain("case_07_mask.png", _OUTLINES), plain("img_07.png", _IMAGES), plain("07_mask_1.png", _OUTLINES)
        ('case_07', '07', '07')
    """
    bare = without_suffix(name)
    either = "|".join(words)
    end = re.sub(rf"(?i)(?<=.)[ _.-]({either})(\d|[ _-]\d+)?$", "", bare)
    begin = re.sub(rf"(?i)^({either})[ _.-](?=.)", "", end)
    return begin or bare


def _example(images: Path) -> str:
    return next((without_suffix(path.name) for path in sorted(images.iterdir()) if path.is_file()), "image_1")
