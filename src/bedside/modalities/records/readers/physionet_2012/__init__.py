"""PhysioNet/CinC Challenge 2012: the first 48 hours of stays in intensive care, one text file a stay."""

from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.challenge_clock import ORIGIN
from bedside.modalities.records.readers.physionet_2012.ends import died_in_hospital, outcomes
from bedside.modalities.records.readers.physionet_2012.reader import PhysioNet2012

READER = Layout(
    summary="PhysioNet Challenge 2012: set-a, set-b as folders or .tar.gz, with Outcomes-a.txt, Outcomes-b.txt",
    open=PhysioNet2012,
)

__all__ = ["ORIGIN", "READER", "PhysioNet2012", "died_in_hospital", "outcomes"]
