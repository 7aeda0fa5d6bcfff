"""Settings of an installation, from the environment (and `.env`): read once at start, wrong ones stop it with one line.

What belongs to one salon stands in its salon file, not here. `docs/settings.md` is generated from this file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from responder.errors import BadSetting
from responder.settings_words import is_secret, must_be

PATTERNS = {
    "database_url": (("postgresql", "postgres"), "postgresql://user:password@host:5432/database"),
    "redis_url": (("redis", "rediss", "unix"), "redis://host:6379/0"),
    "llm_base_url": (("http", "https"), "https://host/v1"),
    "llm_2_base_url": (("http", "https"), "https://host/v1"),
    "llm_3_base_url": (("http", "https"), "https://host/v1"),
    "llm_transcribe_base_url": (("http", "https"), "https://host/v1"),
    "public_url": (("http", "https"), "https://host"),
}


class Settings(BaseSettings):
    """Field names in upper case are the environment variables; descriptions are their documentation."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", case_sensitive=False, hide_input_in_errors=True
    )

    var_dir: Annotated[Path, Field(description="Folder for the embedded database and generated secrets.")] = Path("var")
    database_url: Annotated[
        SecretStr | None,
        Field(description="PostgreSQL 15 or newer, `postgresql://...`. Unset: an embedded server in `VAR_DIR`."),
    ] = None
    database_pool: Annotated[int, Field(ge=2, le=200, description="Connections per process, at most.")] = 10
    redis_url: Annotated[
        SecretStr | None,
        Field(description="Redis, `redis://...`; needed when several processes serve. Unset: kept in the process."),
    ] = None

    llm_base_url: Annotated[
        str | None, Field(description="OpenAI-compatible endpoint, `https://.../v1`. Unset: OpenAI's own, given a key.")
    ] = None
    llm_api_key: Annotated[
        SecretStr | None,
        Field(description="Key of that endpoint. No key and no address: understanding by rules alone."),
    ] = None
    openai_api_key: Annotated[SecretStr | None, Field(description="Used when `LLM_API_KEY` is unset.")] = None
    llm_model: Annotated[str, Field(min_length=1, description="Model name as the endpoint calls it.")] = "gpt-4o-mini"
    llm_price: Annotated[
        str | None,
        Field(description="Prices of a million tokens, sent/cached/written, like `0.15/0.075/0.60`. Unset: no costs."),
    ] = None
    llm_currency: Annotated[
        str, Field(min_length=3, max_length=3, description="Currency of those prices, three letters.")
    ] = "USD"
    llm_2_base_url: Annotated[
        str | None, Field(description="A second endpoint, asked when the first fails or is slow. `https://.../v1`.")
    ] = None
    llm_2_api_key: Annotated[SecretStr | None, Field(description="Its key.")] = None
    llm_2_model: Annotated[str | None, Field(description="Its model; `LLM_MODEL` when unset.")] = None
    llm_2_price: Annotated[str | None, Field(description="Its prices, as `LLM_PRICE`.")] = None
    llm_3_base_url: Annotated[str | None, Field(description="A third one.")] = None
    llm_3_api_key: Annotated[SecretStr | None, Field(description="Its key.")] = None
    llm_3_model: Annotated[str | None, Field(description="Its model; `LLM_MODEL` when unset.")] = None
    llm_3_price: Annotated[str | None, Field(description="Its prices, as `LLM_PRICE`.")] = None
    llm_hedge_s: Annotated[
        float,
        Field(ge=0, le=30, description="Seconds without an answer after which the next is asked too. 0: on failure."),
    ] = 1.2
    llm_transcribe_model: Annotated[
        str | None, Field(description="Model that writes voice messages down. Unset: a person listens to them.")
    ] = None
    llm_transcribe_base_url: Annotated[
        str | None, Field(description="Its endpoint, `https://.../v1`; that of `LLM_BASE_URL` when unset.")
    ] = None
    llm_transcribe_api_key: Annotated[
        SecretStr | None, Field(description="Its key; that of `LLM_API_KEY` when unset.")
    ] = None
    llm_deadline_s: Annotated[
        float, Field(gt=0, le=30, description="Seconds after arrival at which the rules' answer goes out instead.")
    ] = 2.2

    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535, description="Port to listen on.")] = 8000
    public_url: Annotated[
        str | None,
        Field(description="`https://...` under which messengers reach us. Unset: long polling where a channel can."),
    ] = None
    trusted_proxies: Annotated[
        str,
        Field(
            validate_default=True,
            description="Reverse proxies in front of us, addresses or networks with commas between: their "
            "`X-Forwarded-For` tells visitors apart, anybody else's is ignored.",
        ),
    ] = "127.0.0.1, ::1"
    access_token: Annotated[
        SecretStr | None,
        Field(min_length=16, description="Opens the staff pages and the API. Unset: made once and kept in `VAR_DIR`."),
    ] = None
    secret_key: Annotated[
        SecretStr | None,
        Field(min_length=32, description="Signs visitor tokens and links. Unset: made once and kept in `VAR_DIR`."),
    ] = None
    staff_key_login: Annotated[
        Literal["on", "off"],
        Field(description="`off`: the access token opens the desk to programs alone; once every owner has a login."),
    ] = "on"
    staff_idle_hours: Annotated[
        float, Field(gt=0, le=2160, description="A login ends after this long without use; after 90 days in any case.")
    ] = 720

    reply_budget_s: Annotated[
        float, Field(gt=0.5, le=60, description="Promise: the first useful reply leaves this soon after arrival.")
    ] = 3.0
    burst_quiet_s: Annotated[
        float, Field(ge=0, le=10, description="Wait this long for the next message of a burst before answering.")
    ] = 0.6
    hold_minutes: Annotated[float, Field(gt=0, le=120, description="How long a chosen slot is kept unconfirmed.")] = 10
    enquiry_quiet_hours: Annotated[
        float, Field(gt=0, le=720, description="An enquiry without a message for this long is closed.")
    ] = 24

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severity that is logged.")
    ] = "info"
    log_format: Annotated[Literal["console", "json"], Field(description="`json` for machines: one object a line.")] = (
        "console"
    )

    @field_validator(*PATTERNS)
    @classmethod
    def _is_address(cls, url: SecretStr | str | None, about: ValidationInfo) -> SecretStr | str | None:
        if url is None:
            return None
        schemes, example = PATTERNS[about.field_name or ""]
        if not _is_address_of(schemes, url if isinstance(url, str) else url.get_secret_value()):
            raise ValueError(f"must be an address like {example}")
        return url.rstrip("/") if isinstance(url, str) else url

    @field_validator("llm_price", "llm_2_price", "llm_3_price")
    @classmethod
    def _is_price(cls, text: str | None) -> str | None:
        amounts = [] if text is None else text.split("/")
        if text is not None and not (len(amounts) in (2, 3) and all(_is_amount(amount) for amount in amounts)):
            raise ValueError("must be like 0.15/0.075/0.60: a million tokens sent, cached, written")
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _is_list_of_networks(cls, text: str) -> str:
        """uvicorn takes what it cannot read for the name of a host, and so never matches it: it is refused here."""
        networks = [_network(part.strip()) for part in text.split(",")]
        mapped = [f"::ffff:{one.network_address}/{96 + one.prefixlen}" for one in networks if one.version == 4]
        return ",".join([*map(str, networks), *mapped])  # mapped: how an IPv4 proxy looks to a server listening on ::

    @model_validator(mode="after")
    def _deadline_fits_budget(self) -> Settings:
        if self.llm_deadline_s >= self.reply_budget_s:
            raise ValueError(f"must be smaller than REPLY_BUDGET_S ({self.reply_budget_s:g})")
        return self

    @property
    def has_llm(self) -> bool:
        return bool(self.llm_base_url or self.llm_api_key or self.openai_api_key)

    @property
    def llm_key(self) -> str:
        """The key to send; local servers want any non-empty one."""
        key = self.llm_api_key or self.openai_api_key
        return key.get_secret_value() if key else "none"


def load_environment(file: Path = Path(".env")) -> None:
    """Add what `.env` says to the environment, which wins: settings and the secrets named by salon files alike."""
    if file.is_file():
        load_dotenv(file, override=False, encoding="utf-8")


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment; raises `BadSetting` naming the first wrong one."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise BadSetting("LLM_DEADLINE_S", _own_words(first), "The rules need the rest of the budget") from None
        name = str(first["loc"][0])
        field = Settings.model_fields[name]
        problem = _own_words(first) or must_be(field)
        if not is_secret(field) and "@" not in (given := str(first["input"])):  # an address may hold a password
            problem += f", not `{given}`"
        raise BadSetting(name.upper(), problem, field.description or "") from None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be addresses or networks such as 127.0.0.1 or 172.16.0.0/12; `*` is none") from None


def environment_names() -> list[str]:
    return [name.upper() for name in Settings.model_fields]


def environment_value(name: str) -> str | None:
    """A variable named by a salon file (credentials of a channel or CRM account); None when unset or empty."""
    return os.environ.get(name) or None


def _is_address_of(schemes: Collection[str], text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = (
            None if parts.scheme.startswith("postgres") else parts.port
        )  # libpq takes several hosts, each with a port
    except ValueError:  # a port that is no number, a bracket left open
        return False
    return parts.scheme in schemes and port != 0 and (bool(parts.hostname) or "https" not in schemes)


def _is_amount(text: str) -> bool:
    return re.fullmatch(r"\d+(?:\.\d+)?", text.strip()) is not None


def _own_words(error: ErrorDetails) -> str:
    """What a validator of ours said; empty for the library's own checks, which are worded from the field."""
    return error["msg"].removeprefix("Value error, ") if error["type"] == "value_error" else ""
