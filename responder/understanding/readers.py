"""One reader for each salon in its present revision: what it knows of names and words takes long to lay out."""

from __future__ import annotations

from responder.salon.profile import SalonProfile
from responder.understanding.reader import Reader


class Readers:
    def __init__(self) -> None:
        self._known: dict[int, tuple[int, Reader]] = {}

    def of(self, salon: SalonProfile) -> Reader:
        known = self._known.get(salon.id)
        if known is None or known[0] != salon.revision:
            known = self._known[salon.id] = (salon.revision, Reader(salon))
        return known[1]
