"""Opens the language models that are set: the chain of endpoints that read, the one that writes voice messages down.

Imported by a process that has one: the client of `openai` and the guard's patterns are a quarter of all code there is
to load.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

from responder.clock import Clock
from responder.llm.backend import EndpointSpec, Price, price_of
from responder.llm.reader import LlmReader
from responder.llm.transcriber import Transcriber, TranscriberSpec
from responder.settings import Settings

OPENAI = "https://api.openai.com/v1"


async def open_llm(settings: Settings, clock: Clock, stack: AsyncExitStack) -> LlmReader | None:
    if not settings.has_llm:
        return None
    llm = LlmReader(endpoints_of(settings), clock=clock, hedge_s=settings.llm_hedge_s)
    await llm.open()
    stack.push_async_callback(llm.close)
    return llm


async def open_transcriber(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Transcriber | None:
    if settings.llm_transcribe_model is None:
        return None
    key = settings.llm_transcribe_api_key
    spec = TranscriberSpec(
        base_url=settings.llm_transcribe_base_url or settings.llm_base_url or OPENAI,
        api_key=key.get_secret_value() if key else settings.llm_key,
        model=settings.llm_transcribe_model,
    )
    transcriber = Transcriber(spec, clock=clock)
    await transcriber.open()
    stack.push_async_callback(transcriber.close)
    return transcriber


def endpoints_of(settings: Settings) -> list[EndpointSpec]:
    """The chain of LLM endpoints: the first, then those that are set beside it."""
    first = (settings.llm_base_url or OPENAI, settings.llm_key, settings.llm_model, settings.llm_price)
    others = (
        (settings.llm_2_base_url, settings.llm_2_api_key, settings.llm_2_model, settings.llm_2_price),
        (settings.llm_3_base_url, settings.llm_3_api_key, settings.llm_3_model, settings.llm_3_price),
    )
    chain = [("llm", *first)]
    for number, (address, key, model, price) in enumerate(others, start=2):
        if address is not None or key is not None:
            secret = key.get_secret_value() if key else "none"
            chain.append((f"llm_{number}", address or OPENAI, secret, model or settings.llm_model, price))
    return [
        EndpointSpec(name=name, base_url=address, api_key=key, model=model, price=_price(price, settings))
        for name, address, key, model, price in chain
    ]


def _price(text: str | None, settings: Settings) -> Price | None:
    return None if text is None else price_of(text, settings.llm_currency)
