"""What the fakes do beyond the contract: misfortune by order, and a memory to ask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.contract import Outbound, OutcomeUnknown, TransientError
from connectors.fake import FAKE_CAPABILITIES, FakeCrm, FakeMessenger
from tests.contracts.test_crm_contract import LEAD

HELLO = Outbound(thread_key="customer-1", text="Hello", idempotency_key="reply-1")


async def test_ordered_failures_come_in_order_and_end() -> None:
    """Two failures ordered are two failures, and the third send works."""
    messenger = FakeMessenger()
    await messenger.open()
    messenger.fail_next(TransientError("down"), times=2)

    for _ in range(2):
        with pytest.raises(TransientError):
            await messenger.send(HELLO)
    await messenger.send(HELLO)

    assert messenger.texts_to("customer-1") == ["Hello"]


async def test_a_lost_answer_leaves_the_message_with_the_customer() -> None:
    """A failure after delivery is seen by the customer and, with an idempotent channel, not doubled by the repeat."""
    messenger = FakeMessenger(capabilities=replace(FAKE_CAPABILITIES, send_is_idempotent=True))
    await messenger.open()
    messenger.fail_next(OutcomeUnknown("no answer"), is_delivered=True)

    with pytest.raises(OutcomeUnknown):
        await messenger.send(HELLO)
    await messenger.send(HELLO)

    assert messenger.texts_to("customer-1") == ["Hello"]


async def test_a_closed_fake_sends_nothing() -> None:
    """Whoever forgets to open a messenger learns it from the fake already."""
    with pytest.raises(TransientError):
        await FakeMessenger().send(HELLO)


async def test_a_lead_outlives_a_lost_answer() -> None:
    """A lead that was stored before the answer was lost is there, and the repeat finds it."""
    crm = FakeCrm()
    await crm.open()
    crm.fail_next(OutcomeUnknown("no answer"), is_stored=True)

    with pytest.raises(OutcomeUnknown):
        await crm.put_lead(LEAD)
    receipt = await crm.put_lead(LEAD)

    assert (receipt.created, len(crm.leads), crm.calls) == (False, 1, 2)
