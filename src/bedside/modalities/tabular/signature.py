"""What a file's first bytes say it is, whatever its name says."""

from pathlib import Path

from bedside.errors import FileProblem

HEAD = 4096
"""How many bytes are looked at."""

_SAVE_AS_CSV = "open it where it was made and save the sheet as 'CSV UTF-8'"

# First bytes, what they mean, and what to do instead.
_KNOWN: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive", f"{_SAVE_AS_CSV}, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", _SAVE_AS_CSV),
    (b"PAR1", "a Parquet file", "give it the ending .parquet"),
    (b"\x1f\x8b", "gzip-compressed", "unpack it with gunzip"),
    (b"BZh", "bzip2-compressed", "unpack it with bunzip2"),
    (b"\xfd7zXZ", "xz-compressed", "unpack it with unxz"),
    (b"%PDF", "a PDF document", "ask for the table behind it as CSV"),
    (b"SQLite format 3", "an SQLite database", "export the one table as CSV"),
    (b"$FL2", "an SPSS file", "export it as CSV"),
    (b"<stata_dta>", "a Stata file", "export it as CSV"),
    (b"HEADER RECORD***", "a SAS transport file", "export it as CSV"),
    (b"ARROW1", "an Arrow file", "write it as Parquet or CSV"),
    (b"{\\rtf", "a text document (RTF)", "save the table in it as CSV"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data", "fetch the data with 'git lfs pull'"),
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def refuse_what_is_no_text(path: Path, head: bytes) -> None:
    """Raise FileProblem when a file that should be CSV is something else, and say what to do."""
    for start, what, remedy in _KNOWN:
        if head.startswith(start):
            msg = f"{path} is {what}, not a CSV file; {remedy}"
            raise FileProblem(msg)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        msg = f"{path} is a web page or XML, not a CSV file; download the data itself (a login page may have answered)"
        raise FileProblem(msg)
    if text.startswith((b"{", b"[{", b"[[")):
        msg = f"{path} is JSON, not a CSV file; convert it to CSV with one row a record and one column a variable"
        raise FileProblem(msg)
    if head.startswith(_UTF16):
        msg = f"{path} is encoded as UTF-16; save it as 'CSV UTF-8', or name the encoding: utf-16"
        raise FileProblem(msg)
    if b"\x00" in head:
        msg = f"{path} is a binary file, not a CSV file; export the table as CSV (UTF-8) or Parquet"
        raise FileProblem(msg)
