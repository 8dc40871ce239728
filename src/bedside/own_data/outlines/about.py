"""What a person knows about images beside what is drawn in them, and the parts of a study.toml that follow from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bedside.modalities.tabular.reading import Format
from bedside.own_data.declaration import ColumnsPart, StudyPart
from bedside.own_data.images.declaration import Flip
from bedside.own_data.images.listing import Listing
from bedside.own_data.images.parts import check_asked, study_name
from bedside.own_data.images.patients import patient_column

_INTENDED = "Not stated: say who would use the answer, for whom, and at which moment."


@dataclass(frozen=True)
class About:
    """What a person knows about images beside what is drawn in them.

    Attributes:
        labels: CSV or Parquet, one row an image; None where there is none.
        patient: Its column that tells whose image it is; found by its name, or from DICOM, when None.
        site: Column of the hospital or machine; adds leave-site-out.
        subgroups: Columns by which every measure is broken down; numbers are banded.
        flips: Directions in which training images may be mirrored.
        spacing: Millimetres between pixels, or one number for all axes.
        orientation: Where the axes of volumes point ("RAS").
        horizon: When it is judged what there is, in words.
        trials: Settings tried for each learner.
        seed: The seed that study.toml names.
        name: Name of the study; made from the folder's when empty.
        form: Encoding and separator of the table, when they should not be found out.
    """

    labels: Path | None = None
    patient: str | None = None
    site: str | None = None
    subgroups: tuple[str, ...] = ()
    flips: tuple[Flip, ...] = ()
    spacing: tuple[float, ...] = ()
    orientation: str = ""
    horizon: str = ""
    trials: int = 1
    seed: int = 0
    name: str = ""
    form: Format | None = field(default=None)

    def study(self, folder: Path, question: str, drawn: str) -> StudyPart:
        """The question, of images below a folder that have what is drawn ("a mask")."""
        named = _telling(folder)
        return StudyPart(
            name=self.name or study_name(named, self.labels),
            question=question,
            intended_use=_INTENDED,
            eligibility=f"Every image of {named.name or 'the folder'} that can be read and has {drawn}.",
            trials=self.trials,
            seed=self.seed,
        )

    def columns(self, listing: Listing) -> ColumnsPart:
        """Columns with a role; raises TableProblem for one that is not there."""
        check_asked(listing.table, patient=self.patient, site=self.site, subgroups=self.subgroups)
        found = self.patient or patient_column(listing.table, (listing.column,))
        return ColumnsPart(patient=found, site=self.site or "")


def named(names: Sequence[str], last: str) -> str:
    """Names in a row, the last of them after a word.

    Example:
        >>> named(["liver", "spleen", "kidney"], "and")
        'liver, spleen and kidney'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _telling(folder: Path) -> Path:
    """The folder that tells what images are of: not one that says images and nothing more."""
    whole = folder.resolve()
    return (
        whole.parent
        if re.fullmatch(r"(?i)images?(_?tr|_?ts)?|imgs?|scans|pictures|data|train(ing)?", whole.name)
        else whole
    )
