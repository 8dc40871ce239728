"""What was found out about objects, kept for as long as they live."""

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from bedside.errors import StudyError

V = TypeVar("V")


class Remembered(Generic[V]):
    """Values by the identity of the objects that they are of; forgotten with the first of these.

    It keeps no object alive, and travels to other processes empty.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, ...], tuple[tuple[weakref.ref[object], ...], V]] = {}

    def __reduce__(self) -> "tuple[type[Remembered[V]], tuple[()]]":
        return (type(self), ())

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, objects: tuple[object, ...], find: Callable[[], V]) -> V:
        """The value of these objects, found if it is not known.

        Raises:
            StudyError: The class of an object does not allow weak references.
        """
        key = tuple(map(id, objects))
        known = self._kept.get(key)
        if known is not None and all(seen() is one for seen, one in zip(known[0], objects, strict=True)):
            return known[1]
        value = find()
        kept = self._kept
        try:
            seen = tuple(weakref.ref(one, lambda _: kept.pop(key, None)) for one in objects)
        except TypeError as error:
            kinds = ", ".join(sorted({type(one).__name__ for one in objects}))
            msg = (
                f"objects of {kinds} cannot be remembered: let their class allow weak references (an ordinary class; a "
                "dataclass with slots needs weakref_slot=True)"
            )
            raise StudyError(msg) from error
        kept[key] = (seen, value)
        return value
