"""What this process remembers of a database, so that a report need not read and count again what has not changed.

Nothing here is ever out of date: a question names the very rows its answer rests on (`counted`), and rows that were
read are compared by version before they are used again (`reading`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from responder.db.engine import Database
from responder.reports.counted import Counted
from responder.reports.reading import Versioned

T = TypeVar("T")

MOST_COUNTED: Final = 1_000_000  # rows of `Counted.ended`, of 24 bytes each; a report with every cut has 200,000
MOST_READ: Final = 40_000  # enquiries, of some 700 bytes each: the ones of today and those in which something is open


class Shelf(Generic[T]):
    """The things used last, up to `most` by their `size`; may be used from several threads."""

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most, self._size_of, self._size = most, size, 0
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> T | None:
        with self._lock:
            found = self._things.get(key)
            if found is not None:
                self._things.move_to_end(key)
            return found

    def keep(self, key: Hashable, thing: T) -> None:
        """In place of what was kept by this key before; one that is larger than the shelf is not kept."""
        with self._lock:
            before = self._things.pop(key, None)
            self._size -= 0 if before is None else self._size_of(before)
            if self._size_of(thing) > self._most:
                return
            self._things[key] = thing
            self._size += self._size_of(thing)
            while self._size > self._most:
                _, oldest = self._things.popitem(last=False)
                self._size -= self._size_of(oldest)


class Memory:
    """Of one database: what counted days have answered, and enquiries as they were last read."""

    def __init__(self) -> None:
        self.counted: Shelf[Counted] = Shelf(MOST_COUNTED, lambda counted: len(counted.ended.key))
        self.read: Shelf[Versioned] = Shelf(MOST_READ, len)


_MEMORIES: WeakKeyDictionary[Database, Memory] = WeakKeyDictionary()


def memory_of(database: Database) -> Memory:
    return _MEMORIES.setdefault(database, Memory())
