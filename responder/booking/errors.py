"""What booking refuses; part of the tree in `responder.errors`."""

from __future__ import annotations

from responder.errors import Refused


class SlotTaken(Refused):
    """The slot cannot be had any more: somebody else has it, it has begun, or nobody works then. Offer others."""
