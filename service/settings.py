"""The one set of knobs. Ground floor: read once at start, frozen, passed down as a value."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MEGABYTE = 1_000_000
"""Bytes in a megabyte (SI)."""


class Settings(BaseSettings):
    """Everything an operator may choose, each with a default that suits one process on a small machine.

    Each setting is read from the environment variable `DIGITS_` plus its name in capitals; lists are separated by
    commas.
    """

    model_config = SettingsConfigDict(env_prefix="DIGITS_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` listens on all.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    root_path: str = Field("", pattern=r"^(/[^/?#]+)*$", description="Path under which a proxy shows the service.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",), description="Origins whose pages may read answers; `*` is any, empty is none."
    )
    text_limit: int = Field(1_000, ge=1, description="Most rows a page in a text format (json, ndjson, csv).")
    binary_limit: int = Field(10_000, ge=1, description="Most rows a page in a binary format.")
    picture_pixels: int = Field(16_000_000, ge=1, description="Most pixels in one picture.")
    response_cache_bytes: int = Field(
        32 * MEGABYTE, ge=0, description="Memory for finished answers; 0 turns the response cache off."
    )
    files_bytes: int = Field(
        512 * MEGABYTE, ge=0, description="Room in the temporary directory for built whole-split files."
    )
    encoder_threads: int = Field(2, ge=1, description="Threads for encoding that takes long.")
    encoder_queue: int = Field(64, ge=1, description="Long encodings that may wait; more are answered 503.")
    access_log: bool = Field(False, description="Log a line for every request (costs as much as serving it).")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """The members of a list as the environment writes it."""
        return [one for part in value.split(",") if (one := part.strip())] if isinstance(value, str) else value
