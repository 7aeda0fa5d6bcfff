"""Finding dialogues by a customer's name, by a phone however it is written, or by what people wrote."""

from __future__ import annotations

import re

from responder.db.engine import Connection

LEAST_DIGITS = 4
NUMBER = re.compile(r"#(\d{1,18})")
PHONE = re.compile(r"[+\d][\d\s()+.-]*")
WORD = re.compile(r"\w+")
MOST_WORDS = 8

BY_ID = "SELECT id FROM thread WHERE salon_id = %(salon)s AND id = %(id)s"

BY_PHONE = """
SELECT t.id FROM customer c JOIN thread t ON t.customer_id = c.id
WHERE c.salon_id = %(salon)s AND c.phone LIKE %(digits)s
ORDER BY t.last_message_at DESC NULLS LAST LIMIT %(limit)s
"""

# every word begins some word of the name; ё is е
BY_NAME = """
SELECT t.id FROM thread t JOIN customer c ON c.id = t.customer_id
WHERE t.salon_id = %(salon)s AND (
    replace(lower(COALESCE(c.name, '')), 'ё', 'е') ~ ALL(%(patterns)s::text[])
    OR replace(lower(COALESCE(t.display_name, '')), 'ё', 'е') ~ ALL(%(patterns)s::text[]))
ORDER BY t.last_message_at DESC NULLS LAST LIMIT %(limit)s
"""

# the condition on the author is the one of the index
BY_WORDS = """
SELECT t.id FROM (
    SELECT m.thread_id, max(m.id) AS newest FROM message m
    WHERE m.author IN ('customer', 'human', 'human_device') AND m.salon_id = %(salon)s
      AND to_tsvector('simple'::regconfig, m.text::text) @@ to_tsquery('simple', %(query)s)
    GROUP BY m.thread_id ORDER BY newest DESC LIMIT %(limit)s
) found JOIN thread t ON t.id = found.thread_id
WHERE t.salon_id = %(salon)s ORDER BY found.newest DESC
"""


async def find_threads(connection: Connection, salon_id: int, words: str, *, limit: int) -> list[int]:
    """Ids of dialogues of the salon: those whose customer is called so or has that phone, then those in which somebody
    wrote it, the newest first of each. "#123" is one by its number; any text is a valid question."""
    number = NUMBER.fullmatch(words.strip())
    if number:
        return await _ids(connection, BY_ID, salon=salon_id, id=int(number[1]))
    found: list[int] = []
    digits = re.sub(r"[^0-9]", "", words)
    if PHONE.fullmatch(words.strip()) and len(digits) >= LEAST_DIGITS:
        # a number written with the 8 of a country is the same without its first digit
        tail = digits[1:] if len(digits) >= 10 else digits
        found += await _ids(connection, BY_PHONE, salon=salon_id, digits=f"%{tail}%", limit=limit)
    terms = WORD.findall(words.lower())[:MOST_WORDS]
    if terms:
        patterns = [rf"(^|\W){re.escape(term.replace('ё', 'е'))}" for term in terms]
        found += await _ids(connection, BY_NAME, salon=salon_id, patterns=patterns, limit=limit)
        query = " & ".join([*(f"'{term}'" for term in terms[:-1]), f"'{terms[-1]}':*"])
        found += await _ids(connection, BY_WORDS, salon=salon_id, query=query, limit=limit)
    return list(dict.fromkeys(found))[:limit]


async def _ids(connection: Connection, statement: str, **values: object) -> list[int]:
    return [row["id"] for row in await (await connection.execute(statement, values)).fetchall()]
