"""One reader of the sample salon for all tests of understanding: it is immutable and takes a while to warm up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from responder.understanding.reader import Reader
from tests.factories import salon_profile


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(salon_profile())


@pytest.fixture(scope="session")
def monday() -> datetime:
    """Monday 2026-11-23, 10:00 in Chelyabinsk."""
    return datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
