"""What can be wrong with the other side, in words shared by all rigs; each rig causes them in its own wire protocol."""

from __future__ import annotations

from enum import StrEnum

RETRY_AFTER_S = 7.0  # what the other side names when it is BUSY


class Trouble(StrEnum):
    """A misfortune of the next call; `test_*_contract.py` says which error the connector must make of it."""

    BUSY = "busy"  # too many requests; come back in RETRY_AFTER_S
    DOWN = "down"  # a 5xx answer
    HANGS = "hangs"  # takes the request and never answers; nothing was done
    ANSWER_LOST = "answer_lost"  # does the work; the connection dies before the answer
    GARBLED = "garbled"  # 200 with a body that is not in the documented form
    NOT_LISTENING = "not_listening"  # nobody accepts the connection
    REFUSED = "refused"  # token or rights are wrong
    UNREACHABLE = "unreachable"  # this customer has blocked us
    REJECTED = "rejected"  # the data of this call will never be accepted
