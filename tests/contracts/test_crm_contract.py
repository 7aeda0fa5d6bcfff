"""The one suite every `Crm` passes: a lead arrives once, and what goes wrong is told in the contract's own words."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.contract import (
    ConnectorError,
    CredentialsRefused,
    Crm,
    LeadCard,
    OutcomeUnknown,
    PermanentError,
    Source,
    TransientError,
)
from tests.contracts.rigs_crm import CRM_RIGS, CrmRig
from tests.contracts.troubles import RETRY_AFTER_S, Trouble

LEAD = LeadCard(
    origin_id="lead-41",
    title="Anna, haircut",
    name="Anna",
    phone="+79990000001",
    service="Haircut",
    specialist="Maria",
    starts_at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    is_booked=True,
    wish=None,
    channel="telegram",
    source=Source(ref="vk_ad_17", utm={"source": "vk", "campaign": "autumn"}),
    transcript_url="https://responder.example/t/41",
    salon="Demo",
    timing={"received_at": "2026-11-23T05:00:00+00:00", "first_reply_s": 1.5, "auto_reply": True, "human_frt_s": None},
)


def _rigs_with(*troubles: Trouble) -> list[object]:
    """Every rig that can cause one of these troubles, once for each."""
    return [
        pytest.param((name, trouble), id=f"{name}-{trouble}")
        for name, kind in CRM_RIGS.items()
        for trouble in troubles
        if trouble in kind.troubles
    ]


@pytest.fixture(params=list(CRM_RIGS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[CrmRig]:
    async with CRM_RIGS[request.param].make() as rig:
        yield rig


@pytest.fixture
async def troubled(request: pytest.FixtureRequest) -> AsyncIterator[CrmRig]:
    """A rig whose next call meets the trouble named by the test."""
    name, trouble = request.param
    async with CRM_RIGS[name].make() as rig:
        await rig.cause(trouble)
        yield rig


async def test_it_is_a_crm(rig: CrmRig) -> None:
    """A CRM connector has every member of the port."""
    assert isinstance(rig.crm, Crm)


async def test_a_lead_arrives(rig: CrmRig) -> None:
    """A lead that was put is held by the other side with its origin id and phone, under the id of the receipt."""
    receipt = await rig.crm.put_lead(LEAD)

    (lead,) = await rig.stored()
    assert (lead.crm_id, lead.origin_id, lead.phone) == (receipt.crm_id, LEAD.origin_id, LEAD.phone)


@pytest.mark.parametrize("name", [name for name, kind in CRM_RIGS.items() if kind.tells_created])
async def test_the_receipt_tells_new_from_known(name: str) -> None:
    """`created` is true the first time and false when the lead was there already."""
    async with CRM_RIGS[name].make() as rig:
        first, second = await rig.crm.put_lead(LEAD), await rig.crm.put_lead(LEAD)

    assert (first.created, second.created) == (True, False)


async def test_the_same_origin_id_is_the_same_lead(rig: CrmRig) -> None:
    """Putting a lead again brings the one that is there up to date instead of making a second."""
    first = await rig.crm.put_lead(LEAD)

    second = await rig.crm.put_lead(replace(LEAD, phone="+79990000002"))

    (lead,) = await rig.stored()
    assert (second.crm_id, lead.phone) == (first.crm_id, "+79990000002")


async def test_a_known_crm_id_is_brought_up_to_date(rig: CrmRig) -> None:
    """With the `crm_id` of an earlier receipt the lead is updated in place."""
    first = await rig.crm.put_lead(LEAD)

    await rig.crm.put_lead(replace(LEAD, phone="+79990000003"), crm_id=first.crm_id)

    assert [lead.phone for lead in await rig.stored()] == ["+79990000003"]


async def test_different_origins_are_different_leads(rig: CrmRig) -> None:
    """Two customers with the same phone, name and title are still two leads."""
    await rig.crm.put_lead(LEAD)
    await rig.crm.put_lead(replace(LEAD, origin_id="lead-42"))

    assert [lead.origin_id for lead in await rig.stored()] == ["lead-41", "lead-42"]


async def test_a_bare_lead_arrives(rig: CrmRig) -> None:
    """A lead of which nothing but a wish is known is accepted."""
    bare = replace(
        LEAD,
        name=None,
        phone=None,
        service=None,
        specialist=None,
        starts_at=None,
        is_booked=False,
        wish="tomorrow evening",
        source=Source(),
        transcript_url=None,
        timing={},
    )

    await rig.crm.put_lead(bare)

    assert [lead.phone for lead in await rig.stored()] == [None]


@pytest.mark.parametrize("title", ["Анна, стрижка 💇", "Robert'); DROP TABLE leads;--", 'a & b = c; 100% \\ "q" <b>'])
async def test_text_arrives_as_it_was_written(rig: CrmRig, title: str) -> None:
    """No character of a text has a meaning on the way to the CRM."""
    await rig.crm.put_lead(replace(LEAD, title=title))

    assert [lead.title for lead in await rig.stored()] == [title]


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.BUSY), indirect=True)
async def test_a_named_wait_is_passed_on(troubled: CrmRig) -> None:
    """When the other side says how long to wait, the transient error says it too."""
    with pytest.raises(TransientError) as caught:
        await troubled.crm.put_lead(LEAD)

    assert caught.value.retry_after_s == RETRY_AFTER_S


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.BUSY, Trouble.DOWN, Trouble.NOT_LISTENING), indirect=True)
async def test_what_was_not_done_is_plainly_transient(troubled: CrmRig) -> None:
    """A call that certainly did nothing is transient, its outcome is not called unknown, and repeating it works."""
    with pytest.raises(TransientError) as caught:
        await troubled.crm.put_lead(LEAD)
    assert not isinstance(caught.value, OutcomeUnknown)

    await troubled.recover()
    await troubled.crm.put_lead(LEAD)
    assert len(await troubled.stored()) == 1


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.HANGS, Trouble.ANSWER_LOST), indirect=True)
async def test_repeating_after_a_lost_answer_makes_no_second_lead(troubled: CrmRig) -> None:
    """A request without an answer is transient, and repeating it ends with exactly one lead."""
    with pytest.raises(TransientError):
        await troubled.crm.put_lead(LEAD)

    await troubled.recover()
    await troubled.crm.put_lead(LEAD)
    assert len(await troubled.stored()) == 1


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.GARBLED), indirect=True)
async def test_a_garbled_answer_is_transient(troubled: CrmRig) -> None:
    """An answer that cannot be read is not taken for success, and is tried again."""
    with pytest.raises(TransientError):
        await troubled.crm.put_lead(LEAD)


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.REFUSED), indirect=True)
async def test_refused_credentials_are_told_apart(troubled: CrmRig) -> None:
    """A refused token is `CredentialsRefused`: no other call of this account will work."""
    with pytest.raises(CredentialsRefused):
        await troubled.crm.put_lead(LEAD)


@pytest.mark.parametrize("troubled", _rigs_with(Trouble.REJECTED), indirect=True)
async def test_rejected_data_are_permanent(troubled: CrmRig) -> None:
    """Data that the other side will never take is a permanent error, not one of the credentials."""
    with pytest.raises(PermanentError) as caught:
        await troubled.crm.put_lead(LEAD)
    assert not isinstance(caught.value, CredentialsRefused)


@pytest.mark.parametrize("troubled", _rigs_with(*Trouble), indirect=True)
async def test_errors_hold_no_secrets(troubled: CrmRig) -> None:
    """Neither an error nor anything in its printed traceback shows a token, a secret address or the customer."""
    with pytest.raises(ConnectorError) as caught:
        await troubled.crm.put_lead(LEAD)

    shown = "".join(traceback.format_exception(caught.value, chain=True, limit=0)) + repr(caught.value)
    assert not [secret for secret in (*troubled.secrets, str(LEAD.phone)) if secret in shown]


async def test_it_works_again_after_close_and_open(rig: CrmRig) -> None:
    """Closing twice is harmless, and a closed connector that is opened again works."""
    await rig.crm.close()
    await rig.crm.close()
    await rig.crm.open()

    await rig.crm.put_lead(LEAD)

    assert len(await rig.stored()) == 1


async def test_probe_names_the_account(rig: CrmRig) -> None:
    """`probe` proves the credentials and says what the other side calls the account."""
    assert (await rig.crm.probe()).strip()
