"""Bitrix24, cloud and box: a lead of ours becomes a CRM item, once, and is brought up to date without undoing what
staff have written there.

In: `LeadCard`. Out: items of `crm.item.*` recognised by `originatorId` + `originId`. The portal enforces neither
uniqueness nor field names (unknown ones are dropped in silence), so creation is serialised here and looked up first,
and custom fields are used only when the portal's catalogue has them. Facts: apidocs.bitrix24.com, "Universal methods".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakValueDictionary

from connectors.contract import CredentialsRefused, CrmReceipt, LeadCard, OutcomeUnknown, PermanentError, TransientError
from connectors.crm.bitrix24.rest import PORTAL_LIMIT_S, Bitrix24Rest

LEAD, DEAL = 1, 2
ORIGINATOR = "responder"
FIELD_PREFIX = "UF_CRM_RSP_"
BLOCK_BEGIN, BLOCK_END = "*** Responder ***", "*** / ***"  # our part of the comment; the rest belongs to staff
UTM = ("source", "medium", "campaign", "content", "term")
ENTITY_NAMES = {LEAD: "lead", DEAL: "deal"}
ORIGINAL_NAMES = {"useOriginalUfNames": "Y"}


class Bitrix24Crm:
    """One portal. `entity_type_id` 1 makes leads; 2 makes deals, for portals that work without leads. `own_fields`
    lets it add its fields for visit and timing to the portal (needs the rights of a CRM administrator; without them
    both are in the comment alone). `source_id` is a key of the portal's list of sources."""

    kind = "bitrix24"

    def __init__(
        self,
        *,
        webhook_url: str,
        source_id: str = "WEB",
        assigned_by_id: int | None = None,
        entity_type_id: int = LEAD,
        own_fields: bool = True,
        timeout_s: float = PORTAL_LIMIT_S + 5,
        rate_per_s: float = 2.0,
        burst: int = 50,
    ) -> None:
        self._rest = Bitrix24Rest(webhook_url, timeout_s=timeout_s, rate_per_s=rate_per_s, burst=burst)
        self._source_id = source_id
        self._assigned_by_id = assigned_by_id
        self._entity = entity_type_id
        self._own_fields = own_fields
        self._field_names: dict[str, str] | None = None  # UF_CRM_... -> the name this portal takes
        self._refused_fields: set[str] = set()
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self) -> None:
        await self._rest.open()

    async def close(self) -> None:
        await self._rest.close()

    async def probe(self) -> str:
        user = await self._rest.call("profile", {})
        if self._entity == LEAD and str(await self._rest.call("crm.settings.mode.get", {})) == "2":
            raise PermanentError("the portal works without leads: set entity_type_id to 2 (deals)")
        name = " ".join(str(user[part]) for part in ("NAME", "LAST_NAME") if user.get(part))
        return f"{self._rest.host} ({name})" if name else self._rest.host

    async def put_lead(self, lead: LeadCard, *, crm_id: str | None = None) -> CrmReceipt:
        async with self._creating.setdefault(lead.origin_id, asyncio.Lock()):
            own = await self._own_values({**_visit(lead), **lead.timing})
            known = await self._find(lead.origin_id, crm_id)
            if known is not None:
                await self._update(known, lead, own)
                return self._receipt(known["id"], created=False)
            item_id = await self._add(lead, own)
            await self._tell_transcript(item_id, lead)
            return self._receipt(item_id, created=True)

    async def ensure_fields(self, names: Iterable[str]) -> frozenset[str]:
        """Add our fields called `names` (`visit_state`, `visit_at`, those of `LeadCard.timing`) that the portal lacks,
        as far as it lets us; returns those it has now. What was refused is not asked for again."""
        wanted = {FIELD_PREFIX + name.upper(): name for name in names}
        known = self._field_names if self._field_names is not None else await self._read_field_names()
        missing = wanted.keys() - known.keys() - self._refused_fields
        if missing and self._own_fields and self._entity in ENTITY_NAMES:
            for field in sorted(missing):
                await self._add_field(field, wanted[field])
            known = await self._read_field_names()
            self._refused_fields |= missing - known.keys()
        self._field_names = known
        return frozenset(wanted[field] for field in wanted.keys() & known.keys())

    async def _read_field_names(self) -> dict[str, str]:
        result = await self._rest.call("crm.item.fields", {"entityTypeId": self._entity, **ORIGINAL_NAMES})
        fields = _part(result, "fields")
        return {str(about.get("upperName") or name): name for name, about in fields.items()}

    async def _add_field(self, field: str, name: str) -> None:
        about = {
            "FIELD_NAME": field.removeprefix("UF_CRM_"),
            "USER_TYPE_ID": _field_type(name),
            "LABEL": f"Responder: {name.replace('_', ' ')}",
            "XML_ID": field,
        }
        try:
            await self._rest.call(f"crm.{ENTITY_NAMES[self._entity]}.userfield.add", {"fields": about})
        except PermanentError:
            return  # no rights, or another process was first: the catalogue tells

    async def _own_values(self, values: Mapping[str, str | float | bool | None]) -> dict[str, object]:
        given = {name: value for name, value in values.items() if value is not None}
        usable = await self.ensure_fields(given) if given else frozenset()
        names = self._field_names or {}
        return {
            names[FIELD_PREFIX + name.upper()]: int(value) if isinstance(value, bool) else value
            for name, value in given.items()
            if name in usable
        }

    async def _find(self, origin_id: str, crm_id: str | None) -> dict[str, Any] | None:
        if crm_id is not None and crm_id.isdecimal():
            item = await self._get(int(crm_id))
            if item is not None and item.get("originId") == origin_id:
                return item
        result = await self._rest.call(
            "crm.item.list",
            {
                "entityTypeId": self._entity,
                "filter": {"originatorId": ORIGINATOR, "originId": origin_id},
                "select": ["id"],
                "order": {"id": "ASC"},
            },
        )
        items = _part(result, "items", list)
        return await self._get(int(items[0]["id"])) if items else None

    async def _get(self, item_id: int) -> dict[str, Any] | None:
        try:
            result = await self._rest.call(
                "crm.item.get", {"entityTypeId": self._entity, "id": item_id, **ORIGINAL_NAMES}
            )
        except CredentialsRefused:
            raise
        except PermanentError as error:
            if error.code == "NOT_FOUND":
                return None
            raise
        item: dict[str, Any] = _part(result, "item")
        return item

    async def _add(self, lead: LeadCard, own: Mapping[str, object]) -> int:
        fields: dict[str, object | None] = {
            "title": lead.title,
            "name": lead.name,
            "originatorId": ORIGINATOR,
            "originId": lead.origin_id,
            "sourceId": self._source_id,
            "sourceDescription": _source_description(lead),
            "assignedById": self._assigned_by_id,
            "comments": self._block(lead),
            "fm": [_phone(lead.phone)] if lead.phone else None,
            **{f"utm{part.capitalize()}": lead.source.utm.get(part) for part in UTM},
            **own,
        }
        result = await self._rest.call("crm.item.add", self._with_fields(fields), writes=True)
        try:
            return int(result["item"]["id"])
        except (TypeError, KeyError, ValueError):
            raise OutcomeUnknown("Bitrix24 crm.item.add: unreadable answer") from None

    async def _update(self, known: Mapping[str, Any], lead: LeadCard, own: Mapping[str, object]) -> None:
        is_untouched = str(known.get("stageId", "")).endswith("NEW")
        fields: dict[str, object | None] = {
            "title": lead.title if is_untouched else None,
            "name": lead.name if is_untouched or not known.get("name") else None,
            "comments": _spliced(str(known.get("comments") or ""), self._block(lead)),
            "fm": _phone_change(known.get("fm"), lead.phone, may_replace=is_untouched),
            **own,
        }
        params = {**self._with_fields(fields), "id": int(known["id"])}
        await self._rest.call("crm.item.update", params, writes=True)

    async def _tell_transcript(self, item_id: int, lead: LeadCard) -> None:
        """Best effort, once: the link is in the comment as well."""
        if lead.transcript_url is None or self._entity not in ENTITY_NAMES:
            return
        about = {"ENTITY_ID": item_id, "ENTITY_TYPE": ENTITY_NAMES[self._entity], "COMMENT": lead.transcript_url}
        try:
            await self._rest.call("crm.timeline.comment.add", {"fields": about})
        except (TransientError, PermanentError):
            return

    def _with_fields(self, fields: Mapping[str, object | None]) -> dict[str, object]:
        given = {name: value for name, value in fields.items() if value is not None}
        return {"entityTypeId": self._entity, "fields": given, **ORIGINAL_NAMES}

    def _block(self, lead: LeadCard) -> str:
        """Our part of the comment. Portals show it as markup, so what could be markup is made harmless."""
        text = lead.comment or _plain_comment(lead)
        if self._entity != LEAD:  # a deal has no phone of its own
            text = "\n".join(filter(None, [lead.name, lead.phone, text]))
        return f"{BLOCK_BEGIN}\n{text}\n{BLOCK_END}".translate(HARMLESS)

    def _receipt(self, item_id: int, *, created: bool) -> CrmReceipt:
        page = ENTITY_NAMES.get(self._entity, f"type/{self._entity}")
        return CrmReceipt(
            crm_id=str(item_id), created=created, url=f"{self._rest.portal}/crm/{page}/details/{item_id}/"
        )


HARMLESS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")"})


def _part(result: Any, name: str, shape: type = dict) -> Any:
    part = result.get(name) if isinstance(result, dict) else None
    if not isinstance(part, shape):
        raise TransientError(f"Bitrix24: unreadable answer, no {name}")
    return part


def _visit(lead: LeadCard) -> Mapping[str, str | None]:
    """The time of a visit that was given up stays in its field: the state beside it says what it was."""
    return {"visit_state": lead.visit_state, "visit_at": lead.starts_at.isoformat() if lead.starts_at else None}


def _field_type(name: str) -> str:
    if name.endswith("_at"):
        return "datetime"
    if name.endswith("_s"):
        return "double"
    return "boolean" if name == "auto_reply" else "string"


def _phone(phone: str) -> dict[str, str]:
    return {"typeId": "PHONE", "valueType": "MOBILE", "value": phone}


def _phone_change(known: object, phone: str | None, *, may_replace: bool) -> object | None:
    """The `fm` that makes `phone` known: None when it is; the only number is replaced while nobody has worked with the
    lead (the customer corrected it), else one is added."""
    numbers = [entry for entry in known if entry.get("typeId") == "PHONE"] if isinstance(known, list) else []
    if phone is None or _digits(phone) in {_digits(str(entry.get("value", ""))) for entry in numbers}:
        return None
    if may_replace and len(numbers) == 1:
        return {str(numbers[0]["id"]): _phone(phone)}
    return [_phone(phone)]


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)[-10:]  # the same with 8 and with +7


def _spliced(comment: str, block: str) -> str:
    """`comment` with our part replaced by `block`, or with `block` after what others wrote."""
    ours = re.compile(re.escape(BLOCK_BEGIN) + ".*?" + re.escape(BLOCK_END), re.DOTALL)
    if ours.search(comment):
        return ours.sub(lambda _: block, comment, count=1)
    return f"{comment}\n\n{block}" if comment.strip() else block


def _source_description(lead: LeadCard) -> str:
    source = lead.source
    return " · ".join(filter(None, [lead.channel, source.ref, source.page_url or source.referrer]))[:255]


def _plain_comment(lead: LeadCard) -> str:
    """For cards that bring no wording of their own."""
    visit = lead.starts_at.isoformat(sep=" ", timespec="minutes") if lead.starts_at else None
    facts = [lead.service, lead.specialist, visit, lead.wish, lead.transcript_url]
    timing = [f"{name}: {value}" for name, value in lead.timing.items() if value is not None]
    return "\n".join([*filter(None, facts), *timing])
