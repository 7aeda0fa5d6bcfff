"""What a voice message says, by an OpenAI-compatible endpoint (`/audio/transcriptions`), under a deadline.

`transcribe` never raises anything but `CancelledError`: no text means that a person has to listen.
"""

from __future__ import annotations

import asyncio
import io
import wave
from dataclasses import dataclass

import openai

from responder import metrics
from responder.clock import Clock
from responder.llm.breaker import Breaker
from responder.logs import get_logger

MOST_BYTES = 20 * 1024 * 1024  # what Telegram hands out; vendors take 25 MB
MOST_SECONDS = 180.0  # who tells a longer story is listened to by a person
MOST_CHARS = 4_000
_CONNECT_S, _READ_S = 5.0, 30.0
_NAMES = {"audio/ogg": "voice.ogg", "audio/mpeg": "voice.mp3", "audio/mp4": "voice.m4a", "audio/wav": "voice.wav"}

log = get_logger("llm")


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriberSpec:
    base_url: str
    api_key: str
    model: str


class Transcriber:
    """Made once, used from many tasks at once, closed once."""

    def __init__(self, spec: TranscriberSpec, *, clock: Clock) -> None:
        self.spec = spec
        self._breaker = Breaker(clock)
        self._client: openai.AsyncOpenAI | None = None

    async def open(self) -> None:
        """Make the client; touches no network."""
        self._client = self._client or openai.AsyncOpenAI(
            base_url=self.spec.base_url,
            api_key=self.spec.api_key,
            timeout=openai.Timeout(_READ_S, connect=_CONNECT_S),
            max_retries=0,
        )

    async def close(self) -> None:
        """Harmless twice."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @staticmethod
    def takes(size: int | None, *, seconds: float | None) -> bool:
        """Whether a recording of so many bytes is short enough; what nobody told is found out when it is fetched."""
        return (size or 0) <= MOST_BYTES and (seconds or 0.0) <= MOST_SECONDS

    async def transcribe(self, sound: bytes, *, mime: str | None, language: str | None, deadline_s: float) -> str:
        """The words, at most `MOST_CHARS` of them; empty when there are none, or none came in time."""
        if self._client is None or not sound or len(sound) > MOST_BYTES or not self._breaker.admit():
            return ""
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._client.audio.transcriptions.create(
                    model=self.spec.model,
                    file=(_NAMES.get(mime or "", "voice.ogg"), sound, mime or "audio/ogg"),
                    language=language or openai.omit,
                    response_format="json",
                )
        except (TimeoutError, openai.OpenAIError) as error:
            self._breaker.failed()
            log.info("voice_not_transcribed", error=type(error).__name__)
            return self._counted("late" if isinstance(error, TimeoutError) else "failed", "")
        except Exception as error:  # the outer edge of a call: whatever a vendor invents, a person listens instead
            log.exception("transcription_broke", error=type(error).__name__)
            return self._counted("failed", "")
        finally:
            self._breaker.abandoned()
        self._breaker.succeeded()
        text = answer.text if isinstance(answer.text, str) else ""
        return self._counted("used" if text.strip() else "empty", " ".join(text.split())[:MOST_CHARS])

    async def examine(self, deadline_s: float) -> str | None:
        """Why the endpoint does not write a moment of silence down; None when it does."""
        if self._client is None:
            return "not open"
        try:
            async with asyncio.timeout(deadline_s):
                silence = ("silence.wav", _silence(), "audio/wav")
                await self._client.audio.transcriptions.create(model=self.spec.model, file=silence)
        except TimeoutError:
            return f"no answer within {deadline_s:g} s"
        except openai.APIStatusError as error:
            return f"HTTP {error.status_code} {error.code or ''}".strip()
        except openai.OpenAIError as error:
            return type(error).__name__
        return None

    def _counted(self, outcome: str, text: str) -> str:
        metrics.LLM_CALLS.labels("transcription", outcome).inc()
        return text


def _silence() -> bytes:
    """A quarter of a second of it, as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(8_000))
    return file.getvalue()
