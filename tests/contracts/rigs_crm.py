"""The CRMs under contract: for each, how to set it up against its stub, cause trouble and look at what it holds.

To add a CRM, write a class with the members of `CrmRig`, an async context manager that makes it, and a line in
`CRM_RIGS`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from connectors.contract import CredentialsRefused, Crm, OutcomeUnknown, PermanentError, TransientError
from connectors.fake import FakeCrm
from tests.contracts.troubles import RETRY_AFTER_S, Trouble


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredLead:
    """A lead as the other side holds it, in words common to all CRMs."""

    crm_id: str
    origin_id: str
    title: str
    phone: str | None


class CrmRig(Protocol):
    @property
    def crm(self) -> Crm:
        """Opened, with time-outs short enough that a hanging stub costs a test well under a second."""

    @property
    def secrets(self) -> Sequence[str]:
        """Never to be seen in an error."""

    async def cause(self, trouble: Trouble) -> None:
        """Let the next `put_lead` meet this trouble, whatever number of requests it makes."""

    async def recover(self) -> None:
        """End the trouble."""

    async def stored(self) -> Sequence[StoredLead]:
        """What the other side holds, oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CrmRigKind:
    """How to make a rig, and the troubles it can cause."""

    make: Callable[[], AbstractAsyncContextManager[CrmRig]]
    troubles: frozenset[Trouble]
    tells_created: bool = True  # False where the other side does not say whether the lead was there already


class FakeCrmRig:
    secrets: Sequence[str] = ()

    def __init__(self) -> None:
        self.crm = FakeCrm()

    async def cause(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.BUSY:
                self.crm.fail_next(TransientError("busy", retry_after_s=RETRY_AFTER_S))
            case Trouble.DOWN:
                self.crm.fail_next(TransientError("down"))
            case Trouble.ANSWER_LOST:
                self.crm.fail_next(OutcomeUnknown("no answer"), is_stored=True)
            case Trouble.REFUSED:
                self.crm.fail_next(CredentialsRefused("refused"))
            case Trouble.REJECTED:
                self.crm.fail_next(PermanentError("rejected"))
            case _:
                raise NotImplementedError(trouble)

    async def recover(self) -> None:
        pass

    async def stored(self) -> Sequence[StoredLead]:
        return [
            StoredLead(crm_id=crm_id, origin_id=card.origin_id, title=card.title, phone=card.phone)
            for crm_id, card in self.crm.leads.items()
        ]


@asynccontextmanager
async def fake_crm_rig() -> AsyncIterator[CrmRig]:
    rig = FakeCrmRig()
    await rig.crm.open()
    yield rig
    await rig.crm.close()


CRM_RIGS: dict[str, CrmRigKind] = {
    "fake": CrmRigKind(
        make=fake_crm_rig,
        troubles=frozenset({Trouble.BUSY, Trouble.DOWN, Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.REJECTED}),
    ),
}
