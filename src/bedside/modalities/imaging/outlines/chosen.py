"""Which of the structures that a file names are read, and under which number."""

from collections import Counter
from collections.abc import Mapping

from bedside.errors import FileProblem


def chosen(there: Mapping[int, str], names: Mapping[int, str] | None, where: str) -> dict[int, tuple[int, str]]:
    """For each number of the file that is read, the number it gets and its name.

    Without `names` every structure keeps its number; names that occur twice get their number added.

    Args:
        there: Number and name of each structure of the file.
        names: The structures that are wanted, by their names in the file, under the numbers they get; None for all.
        where: The file, for messages, which tell no names of the file: they are free text.

    Raises:
        FileProblem: A wanted structure is not in the file, or is there more than once.
    """
    found = {number: name.strip() or f"structure {number}" for number, name in there.items()}
    counted = Counter(found.values())
    if names is None:
        return {
            number: (number, name if counted[name] == 1 else f"{name} ({number})") for number, name in found.items()
        }
    places = {name: number for number, name in found.items()}
    for name in names.values():
        if counted[name] != 1:
            what = "has no structure" if not counted[name] else f"has {counted[name]} structures"
            msg = (
                f"{where} {what} of the name {name!r} among its {len(found)}; one is allowed: correct the "
                "name (capitals count), or add it to the file, empty where nothing is there"
            )
            raise FileProblem(msg)
    return {places[name]: (number, name) for number, name in names.items()}
