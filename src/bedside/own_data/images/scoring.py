"""New images for a finished run: found in a folder or by a table, and decoded before they are scored."""

from dataclasses import dataclass
from pathlib import Path

from bedside.errors import FileProblem, TableProblem
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.tabular.reading import read
from bedside.own_data.images.facts import decode
from bedside.own_data.images.files import image_files, named_by


@dataclass(frozen=True)
class NewImages:
    """Images that were asked to be scored, in order.

    Attributes:
        names: Their paths from the folder, or as the table names them.
        images: Each that can be scored; None where it cannot.
        problems: Why not; "" where it can.
    """

    names: tuple[str, ...]
    images: tuple[Readable | None, ...]
    problems: tuple[str, ...]

    @property
    def usable(self) -> list[Readable]:
        """Those that can be scored, in order."""
        return [image for image in self.images if image is not None]


def new_images(where: Path, plan: ImagePlan | None = None) -> NewImages:
    """Images below a folder, or that a CSV or Parquet table names from its own folder; or one image file.

    Args:
        where: Folder, table or image.
        plan: Of the run, where it is known: what does not fit is told by name, not scored and not fatal.

    Raises:
        FileProblem: There is no image, or none can be used.
        TableProblem: No column of the table names images.
    """
    wanted = _wanted(where, 1 if plan is None or plan.dimensions == 3 else 0)
    decoded = decode([path for _, path in wanted if path is not None])
    images: list[Readable | None] = []
    problems = []
    for _, path in wanted:
        facts = None if path is None else decoded.facts.get(path)
        problem = "no such file" if path is None else decoded.problems.get(path, "")
        if facts is not None and plan is not None:
            problem = facts.misfit(plan)
        images.append(facts.image if facts is not None and not problem else None)
        problems.append(problem)
    if all(image is None for image in images):
        msg = f"none of {len(images)} images of {where} can be scored; the first: {problems[0]}"
        raise FileProblem(msg)
    return NewImages(tuple(name for name, _ in wanted), tuple(images), tuple(problems))


def _wanted(where: Path, volumes_from: int) -> list[tuple[str, Path | None]]:
    if where.is_dir():
        files = image_files(where, volumes_from=volumes_from)
        return [(files.short(path), path) for path in files.paths]
    if where.suffix.lower() not in {".csv", ".tsv", ".txt", ".parquet", ".pq"} and where.is_file():
        return [(where.name, where)]
    frame = read(where).table.frame
    files = image_files(where.parent, volumes_from=volumes_from)
    column = named_by(frame, files)
    if not column:
        msg = (
            f"no column of {where.name} names images below {where.parent}; one must hold their paths from that "
            f"folder, such as {files.short(files.paths[0])}"
        )
        raise TableProblem(msg)
    cells = frame.get_column(column).cast(str, strict=False).to_list()
    return [(cell or "", None if cell is None else files.named(cell)) for cell in cells]
