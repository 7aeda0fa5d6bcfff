"""What the Bitrix24 connector does beyond the common contract, against a stub that speaks the portal's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import CredentialsRefused, OutcomeUnknown, PermanentError, TransientError
from connectors.crm.bitrix24 import Bitrix24Crm
from tests.contracts.test_crm_contract import LEAD
from tests.stubs.bitrix24_api import DEAL, Bitrix24Stub, Misfortune


@pytest.fixture
async def stub() -> AsyncIterator[Bitrix24Stub]:
    async with Bitrix24Stub() as stub:
        yield stub


@pytest.fixture
async def crm(stub: Bitrix24Stub) -> AsyncIterator[Bitrix24Crm]:
    crm = Bitrix24Crm(webhook_url=stub.url, source_id="ADVERTISING", assigned_by_id=6)
    await crm.open()
    yield crm
    await crm.close()


def _phones(lead: dict[str, Any]) -> list[str]:
    return [entry["value"] for entry in lead["fm"] if entry["typeId"] == "PHONE"]


async def test_source_marks_and_owner_arrive(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """A new lead carries its utm marks, the channel with the deep link, the configured source and person."""
    receipt = await crm.put_lead(LEAD)

    (lead,) = stub.leads
    assert (lead["utmSource"], lead["utmCampaign"], lead["sourceId"], lead["assignedById"]) == (
        "vk",
        "autumn",
        "ADVERTISING",
        6,
    )
    assert lead["sourceDescription"] == "telegram · vk_ad_17"
    assert receipt.url == f"{stub.url.split('/rest')[0]}/crm/lead/details/{receipt.crm_id}/"


async def test_visit_and_timing_arrive_in_fields_of_their_own(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """The portal gets a typed field for each figure and for the visit, made once, and holds what is known."""
    await crm.put_lead(LEAD)
    await crm.put_lead(replace(LEAD, origin_id="lead-42"))

    for lead in stub.leads:
        assert lead["UF_CRM_RSP_RECEIVED_AT"] == "2026-11-23T05:00:00+00:00"
        assert (lead["UF_CRM_RSP_FIRST_REPLY_S"], lead["UF_CRM_RSP_AUTO_REPLY"]) == (1.5, 1)
        assert "UF_CRM_RSP_HUMAN_FRT_S" not in lead
        assert lead["UF_CRM_RSP_VISIT_AT"] == "2026-11-24T10:00:00+00:00"
    assert stub.calls.count("crm.lead.userfield.add") == 4


async def test_a_visit_that_is_given_up_says_so_and_keeps_its_time(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """Who filters by the state of the visit finds it, with the time that is free again beside it."""
    await crm.put_lead(replace(LEAD, visit_state="booked"))
    await crm.put_lead(replace(LEAD, visit_state="cancelled", is_booked=False, starts_at=None))

    (lead,) = stub.leads
    assert lead["UF_CRM_RSP_VISIT_STATE"] == "cancelled"
    assert lead["UF_CRM_RSP_VISIT_AT"] == "2026-11-24T10:00:00+00:00"


async def test_without_the_right_to_add_fields_the_lead_arrives(stub: Bitrix24Stub) -> None:
    """A webhook that may not add fields still delivers leads, asks once, and the timing is in the comment."""
    async with Bitrix24Stub(may_add_fields=False) as strict:
        crm = Bitrix24Crm(webhook_url=strict.url)
        await crm.open()
        await crm.put_lead(LEAD)
        await crm.put_lead(replace(LEAD, origin_id="lead-42"))
        await crm.close()

    assert "first_reply_s: 1.5" in strict.leads[0]["comments"]
    assert strict.calls.count("crm.lead.userfield.add") == 4
    assert len(strict.leads) == 2


async def test_own_fields_can_be_switched_off(stub: Bitrix24Stub) -> None:
    """With `own_fields` off the portal's catalogue is left as it is."""
    crm = Bitrix24Crm(webhook_url=stub.url, own_fields=False)
    await crm.open()
    await crm.put_lead(LEAD)
    await crm.close()

    assert stub.user_fields == {1: {}, DEAL: {}}


async def test_the_transcript_is_told_once(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """The link to the dialogue is put into the timeline when the lead is made, and not again with every change."""
    receipt = await crm.put_lead(LEAD)
    await crm.put_lead(replace(LEAD, wish="later"), crm_id=receipt.crm_id)

    assert [(note["ENTITY_ID"], note["COMMENT"]) for note in stub.timeline] == [
        (int(receipt.crm_id), LEAD.transcript_url)
    ]


async def test_a_failing_timeline_does_not_fail_the_lead(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """The note in the timeline is best effort."""
    stub.fail_next(Misfortune.HTML_502, method="crm.timeline.comment.add")

    receipt = await crm.put_lead(LEAD)

    assert receipt.created


async def test_what_staff_wrote_stays(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """An update replaces our part of the comment and leaves notes, title, name and stage of staff alone."""
    receipt = await crm.put_lead(replace(LEAD, comment="Visit: Tuesday"))
    (lead,) = stub.leads
    lead["comments"] = f"called back\n{lead['comments']}\nwill pay cash"
    lead.update(title="Anna, regular", name="Anna Ivanova", stageId="IN_PROCESS")

    await crm.put_lead(replace(LEAD, title="New", comment="Visit: Friday"), crm_id=receipt.crm_id)

    assert (lead["title"], lead["name"], lead["stageId"]) == ("Anna, regular", "Anna Ivanova", "IN_PROCESS")
    assert lead["comments"].startswith("called back\n")
    assert lead["comments"].endswith("\nwill pay cash")
    assert ("Friday" in lead["comments"], "Tuesday" in lead["comments"]) == (True, False)


async def test_a_new_phone_is_added_once_staff_work_with_the_lead(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """A second number joins the first when the lead has left its first stage; the same number in another spelling
    changes nothing."""
    receipt = await crm.put_lead(LEAD)
    (lead,) = stub.leads
    lead["stageId"] = "IN_PROCESS"
    lead["fm"][0]["value"] = "8 (999) 000-00-01"

    await crm.put_lead(LEAD, crm_id=receipt.crm_id)
    await crm.put_lead(replace(LEAD, phone="+79990000002"), crm_id=receipt.crm_id)

    assert _phones(lead) == ["8 (999) 000-00-01", "+79990000002"]


async def test_markup_of_the_customer_is_harmless(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """Nothing of the comment can be read as HTML or BB code."""
    await crm.put_lead(replace(LEAD, comment="<script>alert(1)</script> [url=https://evil.example]free[/url]"))

    assert not set("<>[]") & set(stub.leads[0]["comments"])


async def test_concurrent_puts_of_one_origin_make_one_lead(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """Creation is serialised per origin."""
    receipts = await asyncio.gather(*(crm.put_lead(LEAD) for _ in range(5)))

    assert len(stub.leads) == 1
    assert sum(receipt.created for receipt in receipts) == 1


async def test_a_crm_id_of_another_lead_is_not_believed(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """An id that belongs to somebody else's lead (the salon changed its portal) is not written to."""
    other = await crm.put_lead(replace(LEAD, origin_id="other", title="Other"))

    receipt = await crm.put_lead(LEAD, crm_id=other.crm_id)

    assert receipt.crm_id != other.crm_id
    assert [lead["title"] for lead in stub.leads] == ["Other", LEAD.title]


async def test_a_deleted_lead_is_made_again(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """News of a lead that was deleted in the portal arrive as a lead."""
    receipt = await crm.put_lead(LEAD)
    stub.leads.clear()

    again = await crm.put_lead(LEAD, crm_id=receipt.crm_id)

    assert (again.created, len(stub.leads)) == (True, 1)


@pytest.mark.parametrize(
    "misfortune", [Misfortune.ANSWER_LOST, Misfortune.ANSWER_502, Misfortune.INTERNAL_ERROR, Misfortune.GARBLED]
)
async def test_an_unanswered_creation_is_unknown_and_needs_patience(
    stub: Bitrix24Stub, crm: Bitrix24Crm, misfortune: Misfortune
) -> None:
    """When it is not known whether the lead was made, the look-up must wait until the portal cannot be at it any
    more."""
    stub.fail_next(misfortune, method="crm.item.add")

    with pytest.raises(OutcomeUnknown) as caught:
        await crm.put_lead(LEAD)

    assert caught.value.retry_after_s is not None
    assert 30 < caught.value.retry_after_s <= 60


async def test_a_full_bucket_is_transient(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """`QUERY_LIMIT_EXCEEDED` means that nothing was done and names a short wait, even for a creation."""
    stub.fail_next(Misfortune.QUERY_LIMIT, method="crm.item.add")

    with pytest.raises(TransientError) as caught:
        await crm.put_lead(LEAD)

    assert (type(caught.value), caught.value.retry_after_s) == (TransientError, 2.0)


async def test_a_moved_portal_is_a_matter_of_settings(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """A redirect is not followed: the webhook's code would go to whoever answers there."""
    stub.fail_next(Misfortune.MOVED)

    with pytest.raises(CredentialsRefused):
        await crm.put_lead(LEAD)


async def test_our_pace_keeps_within_the_portals(stub: Bitrix24Stub) -> None:
    """More calls than the portal takes at once are spread, and none is refused."""
    async with Bitrix24Stub(burst=10, rate_per_s=50) as narrow:
        crm = Bitrix24Crm(webhook_url=narrow.url, own_fields=False, rate_per_s=40, burst=8)
        await crm.open()
        await asyncio.gather(*(crm.put_lead(replace(LEAD, origin_id=f"lead-{n}", timing={})) for n in range(12)))
        await crm.close()

    assert len(narrow.leads) == 12


async def test_an_error_tells_the_reason_without_the_customer(stub: Bitrix24Stub, crm: Bitrix24Crm) -> None:
    """Staff see the portal's code and words; what was sent about the customer is masked in them."""
    stub.fail_next(Misfortune.INVALID, method="crm.item.add")
    lead = replace(LEAD, comment="Clients' wish:\ncome to Lenina 5")

    with pytest.raises(PermanentError) as caught:
        await crm.put_lead(lead)

    told = str(caught.value)
    assert "CRM_FIELD_ERROR_VALUE_NOT_VALID Invalid value." in told
    assert not [word for word in ("Anna", "haircut", "9990000001", "Lenina") if word in told]


async def test_a_portal_without_leads_gets_deals(stub: Bitrix24Stub) -> None:
    """With `entity_type_id` 2 the same becomes a deal, whose comment holds the phone that a deal has no field for."""
    crm = Bitrix24Crm(webhook_url=stub.url, entity_type_id=DEAL)
    await crm.open()
    receipt = await crm.put_lead(LEAD)
    await crm.close()

    (deal,) = stub.items[DEAL]
    assert (stub.leads, "+79990000001" in deal["comments"]) == ([], True)
    assert "/crm/deal/details/" in str(receipt.url)


async def test_probe_finds_a_portal_without_leads() -> None:
    """The probe says so when leads are switched off in a portal where leads are to be made."""
    async with Bitrix24Stub(mode=2) as stub:
        crm = Bitrix24Crm(webhook_url=stub.url)
        await crm.open()
        with pytest.raises(PermanentError, match="entity_type_id"):
            await crm.probe()
        await crm.close()


@pytest.mark.parametrize("url", ["", "https://b24.example/", "https://b24.example/rest/x/code", "ftp://b/rest/1/code"])
def test_a_wrong_webhook_is_refused_without_showing_it(url: str) -> None:
    """Something that is no incoming webhook is refused at once, and not quoted."""
    with pytest.raises(ValueError, match="must look like") as caught:
        Bitrix24Crm(webhook_url=url)

    assert not url or url not in str(caught.value)
