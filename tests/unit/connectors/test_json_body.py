"""Bodies of webhooks as objects that can be stored."""

from __future__ import annotations

import orjson
import pytest

from connectors.contract import Malformed
from connectors.json_body import read_object


def test_an_object_is_read_as_it_is() -> None:
    """An ordinary object comes back unchanged."""
    assert read_object('{"text": "Привет 💇", "n": [1, null, true]}'.encode()) == {
        "text": "Привет 💇",
        "n": [1, None, True],
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"t": "a\u0000b"}', "a\ufffdb"),
        (rb'{"t": "cut \ud83d"}', "cut \ufffd"),
        (rb'{"t": "whole \ud83d\ude00"}', "whole 😀"),
        (rb'{"t": "said \\u0000"}', r"said \u0000"),
    ],
)
def test_what_cannot_be_stored_is_replaced(body: bytes, text: str) -> None:
    """NUL and half a surrogate pair become U+FFFD; what only looks like them stays."""
    assert read_object(body) == {"t": text}


def test_a_number_beyond_64_bits_is_kept_as_its_digits() -> None:
    """What no database column holds as a number is kept as text, and infinity with it."""
    digits = "9" * 400

    assert read_object(f'{{"n": {digits}, "m": [1e999, -{digits}], "ok": 5}}'.encode()) == {
        "n": digits,
        "m": ["inf", f"-{digits}"],
        "ok": 5,
    }


def test_a_byte_order_mark_is_no_part_of_the_body() -> None:
    """RFC 8259 lets a reader ignore it."""
    assert read_object(b"\xef\xbb\xbf" + b'{"t": "a"}') == {"t": "a"}


def test_the_last_of_two_equal_keys_counts() -> None:
    """As in every other reader of ours, so that nobody checks one value and uses the other."""
    assert read_object(b'{"t": 1, "t": 2}') == {"t": 2}
    assert read_object(b'{"t": 1, "t": 2, "u": 1e999}') == {"t": 2, "u": "inf"}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"1", b"NaN", b'{"n": NaN}', b'{"n": Infinity}', b"\xff", b"[" * 9999]
    + ['{"t": 1}'.encode(code) for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")]
    + [b'{"n": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000],
)
def test_anything_else_is_malformed(body: bytes) -> None:
    """What is not a JSON object is refused."""
    with pytest.raises(Malformed):
        read_object(body)


@pytest.mark.parametrize("depth", [250, 300, 900, 5000])
def test_what_is_read_can_be_written_again(depth: int) -> None:
    """A body so deep that it could be read and not written is refused."""
    try:
        document = read_object(b'{"a":' * depth + b"1" + b"}" * depth)
    except Malformed:
        return
    assert orjson.dumps(document)
