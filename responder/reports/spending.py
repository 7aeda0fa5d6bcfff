"""What the LLM cost in the period of a report, and what that makes for each booking.

Counted is every answer that was paid for, used or not, when its turn began; an answer that never came has told no
tokens and is not in it. Enquiries that a report leaves out (tests, spam) cost money like the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, format_decimal

from responder.db.engine import Database
from responder.reports.query import ReportQuery
from responder.reports.words import SPENDING_WORDS

SPENT = """
SELECT llm_currency AS currency, count(*) AS turns, sum(tokens_in) AS tokens_in, sum(tokens_cached) AS tokens_cached,
    sum(tokens_out) AS tokens_out, sum(llm_cost_micros) AS micros
FROM turn
WHERE salon_id = %(salon)s AND tokens_in > 0 AND started_at >= %(since)s AND started_at < %(until)s
GROUP BY llm_currency ORDER BY llm_currency NULLS LAST
"""
BOOKED = """
SELECT count(*) AS n FROM appointment
WHERE salon_id = %(salon)s AND thread_id IS NOT NULL AND booked_at >= %(since)s AND booked_at < %(until)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """Of one currency; `cost` is None where no price was set. `bookings` are all made in dialogues in the period."""

    currency: str | None
    turns: int
    tokens_in: int
    tokens_cached: int  # of those sent
    tokens_out: int
    cost: Decimal | None
    bookings: int

    @property
    def cost_per_booking(self) -> Decimal | None:
        return None if self.cost is None or not self.bookings else self.cost / self.bookings


async def read_spending(database: Database, query: ReportQuery) -> tuple[Spending, ...]:
    """One for each currency that turns were paid in; empty when no LLM was asked."""
    zone = query.salon.zone
    values = {
        "salon": query.salon.id,
        "since": datetime.combine(query.since, time(), tzinfo=zone).astimezone(UTC),
        "until": datetime.combine(query.until + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC),
    }
    async with database.connection() as connection:
        rows = await (await connection.execute(SPENT, values)).fetchall()
        if not rows:
            return ()
        booked = await (await connection.execute(BOOKED, values)).fetchone()
    return tuple(
        Spending(
            currency=row["currency"],
            turns=row["turns"],
            tokens_in=row["tokens_in"],
            tokens_cached=row["tokens_cached"],
            tokens_out=row["tokens_out"],
            cost=None if row["micros"] is None else Decimal(row["micros"]) / 1_000_000,
            bookings=booked["n"] if booked else 0,
        )
        for row in rows
    )


def spending_text(spent: Sequence[Spending], *, language: str) -> str:
    """A line for each currency; empty when nothing was spent."""
    words = SPENDING_WORDS.get(language, SPENDING_WORDS["en"])
    lines = []
    for one in spent:
        parts = [words.tokens.format(sent=_count(one.tokens_in, language), written=_count(one.tokens_out, language))]
        if one.cost is not None and one.currency is not None:
            parts.append(_money(one.cost, one.currency, language))
            if one.cost_per_booking is not None:
                per = _money(one.cost_per_booking, one.currency, language)
                parts.append(words.per_booking.format(cost=per, bookings=_count(one.bookings, language)))
        lines.append(f"{words.llm}: {', '.join(parts)}")
    return "\n".join(lines)


def spending_document(spent: Sequence[Spending]) -> list[dict[str, Any]]:
    """For programs: money as numbers of the currency, null where no price was set."""
    return [
        {
            "currency": one.currency,
            "turns": one.turns,
            "tokens_in": one.tokens_in,
            "tokens_cached": one.tokens_cached,
            "tokens_out": one.tokens_out,
            "cost": None if one.cost is None else float(one.cost),
            "bookings": one.bookings,
            "cost_per_booking": None if one.cost_per_booking is None else float(one.cost_per_booking),
        }
        for one in spent
    ]


def _count(number: int, language: str) -> str:
    return str(format_decimal(number, locale=language)).replace("\xa0", " ")


def _money(amount: Decimal, currency: str, language: str) -> str:
    """To the cent where that says anything, else to two telling digits."""
    digits = 2 if amount >= 1 or not amount else min(6, 1 - amount.adjusted())
    pattern = "#,##0." + "0" * digits
    text = format_currency(
        amount,
        currency,
        format=f"{pattern} ¤" if language == "ru" else f"¤{pattern}",
        locale=language,
        currency_digits=False,
    )
    return str(text).replace("\xa0", " ")
