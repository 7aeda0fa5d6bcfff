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


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b"NaN", b'{"n": NaN}', b'{"n": Infinity}', b"\xff", b"[" * 9999]
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
