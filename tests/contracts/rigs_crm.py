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
from connectors.crm.bitrix24 import Bitrix24Crm
from connectors.crm.webhook import WebhookCrm
from connectors.fake import FakeCrm
from tests.contracts.troubles import RETRY_AFTER_S, Trouble
from tests.stubs.bitrix24_api import CODE, Bitrix24Stub, Misfortune
from tests.stubs.webhook_sink import WebhookSink


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


class Bitrix24Rig:
    secrets: Sequence[str] = (CODE,)

    def __init__(self, stub: Bitrix24Stub) -> None:
        self.stub = stub
        self.crm = Bitrix24Crm(webhook_url=stub.url, timeout_s=0.3)

    async def cause(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.BUSY:
                self.stub.operating_pause_s = int(RETRY_AFTER_S)
                self.stub.fail_until_recovered(Misfortune.OPERATION_LIMIT)
            case Trouble.DOWN:
                self.stub.fail_until_recovered(Misfortune.HTML_502)
            case Trouble.HANGS:
                self.stub.fail_until_recovered(Misfortune.HANG, method="crm.item.add")
            case Trouble.ANSWER_LOST:
                self.stub.fail_until_recovered(Misfortune.ANSWER_LOST, method="crm.item.add")
            case Trouble.GARBLED:
                self.stub.fail_until_recovered(Misfortune.GARBLED, method="crm.item.add")
            case Trouble.NOT_LISTENING:
                await self.stub.stop()
            case Trouble.REFUSED:
                self.stub.fail_until_recovered(Misfortune.REFUSED)
            case Trouble.REJECTED:
                self.stub.fail_until_recovered(Misfortune.INVALID, method="crm.item.add")
            case _:
                raise NotImplementedError(trouble)

    async def recover(self) -> None:
        self.stub.recover()
        await self.stub.start()

    async def stored(self) -> Sequence[StoredLead]:
        return [
            StoredLead(
                crm_id=str(lead["id"]),
                origin_id=lead["originId"],
                title=lead["title"],
                phone=next((entry["value"] for entry in lead["fm"] if entry["typeId"] == "PHONE"), None),
            )
            for lead in self.stub.leads
        ]


@asynccontextmanager
async def bitrix24_rig() -> AsyncIterator[CrmRig]:
    async with Bitrix24Stub() as stub:
        rig = Bitrix24Rig(stub)
        await rig.crm.open()
        yield rig
        await rig.crm.close()


class WebhookRig:
    def __init__(self, sink: WebhookSink) -> None:
        self.sink = sink
        self.crm = WebhookCrm(url=sink.url, secret=sink.secret, timeout_s=0.3)
        self.secrets: Sequence[str] = (sink.secret, "hook-token")

    async def cause(self, trouble: Trouble) -> None:
        match trouble:
            case Trouble.BUSY:
                self.sink.lasting_answer, self.sink.retry_after = 429, int(RETRY_AFTER_S)
            case Trouble.DOWN:
                self.sink.lasting_answer = 503
            case Trouble.HANGS:
                self.sink.lasting_answer = "hang"
            case Trouble.ANSWER_LOST:
                self.sink.lasting_answer = "lost"
            case Trouble.NOT_LISTENING:
                await self.sink.stop()
            case Trouble.REFUSED:
                self.sink.lasting_answer = 401
            case Trouble.REJECTED:
                self.sink.lasting_answer = 422
            case _:
                raise NotImplementedError(trouble)

    async def recover(self) -> None:
        self.sink.lasting_answer = None
        await self.sink.start()

    async def stored(self) -> Sequence[StoredLead]:
        return [
            StoredLead(crm_id=f"sink-{origin}", origin_id=origin, title=lead["title"], phone=lead["phone"])
            for origin, lead in self.sink.leads.items()
        ]


@asynccontextmanager
async def webhook_rig() -> AsyncIterator[CrmRig]:
    async with WebhookSink() as sink:
        rig = WebhookRig(sink)
        await rig.crm.open()
        yield rig
        await rig.crm.close()


CRM_RIGS: dict[str, CrmRigKind] = {
    "fake": CrmRigKind(
        make=fake_crm_rig,
        troubles=frozenset({Trouble.BUSY, Trouble.DOWN, Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.REJECTED}),
    ),
    "bitrix24": CrmRigKind(make=bitrix24_rig, troubles=frozenset(Trouble) - {Trouble.UNREACHABLE}),
    "webhook": CrmRigKind(
        make=webhook_rig,
        troubles=frozenset(Trouble) - {Trouble.UNREACHABLE, Trouble.GARBLED},  # any 2xx body is the receiver's own
        tells_created=False,
    ),
}
