"""The settings of the service: read once when it starts, frozen, and passed down as one value. Ground floor."""

import os
import re
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.credentials import check_api_keys, check_api_keys_file, check_tls, read_api_keys

MEGABYTE = 1_000_000
"""Bytes in a megabyte (SI)."""

PREFIX = "DIGITS_"
"""What the name of every environment variable of the service begins with."""

RENAMED = {"memo_bytes": "response_cache_bytes", "encoders": "encoder_threads", "backlog": "encoder_queue"}
"""Settings of release 0.1 by their names of today."""

CLIENTS_KEY = "api_key"
"""The setting of a client, under the prefix that is the service's, too."""

USER_CACHE = "auto"
"""How the setting `cache_dir` names the cache directory of the user."""

DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports that a browser leaves out of an origin."""

HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*(?!0[xX])(?=[^.]*[A-Za-z_])"
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
)
"""The name of a host (RFC 1123, section 2.1), whose last part is no number: `127.1` is an address in short."""

ROOT_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~@:+-]++)*+")
"""A path of characters that need no quoting in a URL, a header or a page, without `.` and `..` segments."""


def split_list(value: object) -> object:
    """The members of a list as the environment writes it, separated by commas."""
    return [one for part in value.split(",") if (one := part.strip())] if isinstance(value, str) else value


def check_host(host: str) -> str:
    """Refuse what is neither an IP address nor a name: an empty text, `*` and `0` would listen on every interface."""
    remedy = "write 127.0.0.1 for this machine alone, or :: for every address"
    if not host.strip():
        raise ValueError(f"is empty; {remedy}")
    try:
        ip_address(host)
    except ValueError:
        if not HOST_NAME.fullmatch(host):
            raise ValueError(f"is {host!r}, which is neither an IP address nor the name of a host; {remedy}") from None
    return host


def check_root_path(path: str) -> str:
    """Refuse a path that would need quoting in the links, headers and pages that carry it."""
    if not ROOT_PATH.fullmatch(path):
        raise ValueError(
            f"is {path!r}; write a path like /digits: it begins with /, does not end with /, "
            "and has letters, digits and . _ ~ @ : + - between slashes"
        )
    return path


def check_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse an origin that no browser sends, and `*` together with others."""
    if "*" in origins and len(origins) > 1:
        raise ValueError("has * and other origins; write * alone for any origin, or list the origins without it")
    for origin in origins:
        if origin != "*":
            _check_origin(origin)
    return origins


def check_frame_ancestors(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no origin, and `*` together with others; `self` and `https://*.example.org` are taken."""
    if "*" in sources and len(sources) > 1:
        raise ValueError("has * and other origins; write * alone for any origin, or list the origins without it")
    for source in sources:
        if source not in ("*", "self"):
            _check_origin(source.replace("://*.", "://", 1))
    return sources


def check_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is neither an IP address nor a network."""
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise ValueError(
                f"has {network!r} ({error}); write IP addresses or networks like 10.0.0.0/8, "
                "and 0.0.0.0/0,::/0 to trust every sender"
            ) from None
    return networks


def check_traces(traces: bool) -> bool:  # noqa: FBT001 - as Pydantic calls it
    """Refuse traces without the packages that make and send them."""
    if traces and not (find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter.otlp.proto.http")):
        raise ValueError(
            "needs packages that are not installed; install the extra otel: pip install digits-service[otel]"
        )
    return traces


def _check_origin(origin: str) -> None:
    """Refuse an origin that is not written as browsers send it: `scheme://host[:port]` (RFC 6454, section 7)."""
    if "*" in origin:
        raise ValueError(f"has {origin!r}, but wildcards match nothing; list every origin, or write * alone for any")
    if origin == "null":
        raise ValueError("has 'null', which sandboxed pages of any site send; write * to let every page read")
    try:
        sent = _canonical_origin(urlsplit(origin if "://" in origin else f"https://{origin}"))
    except ValueError as error:
        raise ValueError(f"has {origin!r} ({error}); write an origin like https://app.example") from None
    if origin != sent:
        raise ValueError(f"has {origin!r}, which no browser sends; write {sent}")


def _canonical_origin(url: SplitResult) -> str:
    """The origin of a URL as a browser sends it: lower case, ASCII, no default port, no path.

    Raises:
        ValueError: the URL has no valid host or port.
    """
    host = url.hostname or ""
    if not re.fullmatch(r"[^\s<>\"'%;\\^`{|}]+", host):
        raise ValueError("it has no valid host")
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    port = "" if url.port in (None, DEFAULT_PORTS.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


class Settings(BaseSettings):
    """Everything an operator may choose, each with a default that suits one process on a small machine.

    Each setting is read from the environment variable `DIGITS_` plus its name in capitals; lists are separated by
    commas. A variable with this prefix that names no setting is refused, because it is most likely a misspelt one.

    Raises:
        ValidationError: a value is out of bounds or can never have an effect, or a name is unknown.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Annotated[str, AfterValidator(check_host)] = Field(
        "127.0.0.1",
        description="Address or host name to listen on: `0.0.0.0` is every IPv4 address, `::` every IPv6 and IPv4 one.",
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    keep_alive_seconds: int = Field(
        75, ge=1, description="Seconds after which an idle connection is closed; longer than a proxy keeps it."
    )
    connections: int = Field(
        2_000,
        ge=1,
        description="Most connections at a time, fewer if the process may not open so many files; beyond it the "
        "longest idle ones are closed, and if none is idle, new ones are answered 503.",
    )
    queue_requests: int = Field(
        1_000, ge=1, description="Requests that may wait for their turn of the event loop; more are answered 503."
    )
    queue_seconds: float = Field(
        1.0, gt=0, description="Seconds for which a request may wait for its turn before new ones are answered 503."
    )
    head_seconds: float = Field(
        20, gt=0, description="Seconds for the head of a request, from its first byte, and for the first byte of all."
    )
    body_seconds: float = Field(
        20, gt=0, description="Seconds in which a body has to go on by 4,096 bytes, or end; else 408."
    )
    write_seconds: float = Field(
        60, gt=0, description="Seconds after which a connection is closed whose client reads nothing of its answer."
    )
    header_bytes: int = Field(32_768, ge=1_024, description="Bytes of all header fields of a request; more are 431.")
    header_fields: int = Field(100, ge=10, description="Header fields of a request; more are answered 431.")
    target_bytes: int = Field(8_192, ge=256, description="Bytes of the path and query of a request; more are 414.")
    drain_seconds: float = Field(
        0,
        ge=0,
        description="Seconds from SIGTERM in which everything is still answered, but `/readyz` is 503 already.",
    )
    stop_seconds: float = Field(5, ge=0, description="Seconds that answers under way may take when the server stops.")
    root_path: Annotated[str, AfterValidator(check_root_path)] = Field(
        "", description="Path under which a proxy shows the service."
    )
    trusted_proxies: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(split_list), AfterValidator(check_networks)
    ] = Field(
        (), description="Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; none."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list), AfterValidator(check_origins)] = (
        Field(
            ("*",), description="Origins whose pages may read answers, as browsers send them; `*` is any, empty none."
        )
    )
    frame_ancestors: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(split_list), AfterValidator(check_frame_ancestors)
    ] = Field(
        (),
        description="Origins whose pages may show pages of the service in a frame; `self` is its own, `*` any, empty "
        "none.",
    )
    api_keys: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list), AfterValidator(check_api_keys)] = Field(
        (),
        description="Keys of which every client needs one, each as its name and its SHA-256, `NAME:HASH`; empty needs "
        "none.",
    )
    api_keys_file: Annotated[str, AfterValidator(check_api_keys_file)] = Field(
        "", description="File with further keys, one a line, such as a mounted secret; read at the start."
    )
    open_metrics: bool = Field(False, description="Whether `/metrics` needs no key, as health needs none.")
    rate_limit: int = Field(
        0, ge=0, le=10**9, description="Requests that a client may send in the seconds of the window; 0 is no limit."
    )
    rate_window_seconds: int = Field(
        60, ge=1, le=86_400, description="Seconds in which a client that was refused has all its requests again."
    )
    rate_clients: int = Field(
        10_000, ge=1, description="Clients that are counted; beyond, those not seen for longest are forgotten."
    )
    tls_certificate: str = Field("", description="File with the certificate and its chain (PEM); empty is no TLS.")
    tls_key: str = Field("", description="File with the private key (PEM), where it is not beside the certificate.")
    tls_key_password: SecretStr = Field(SecretStr(""), description="Password of the private key, where it has one.")
    tls_client_ca: str = Field(
        "", description="File with authorities (PEM) of which every client needs a certificate; empty needs none."
    )
    text_limit: int = Field(1_000, ge=1, description="Most rows a page in a text format (json, ndjson, csv).")
    binary_limit: int = Field(10_000, ge=1, description="Most rows a page in a binary format.")
    picture_pixels: int = Field(16_000_000, ge=1, description="Most pixels in one picture.")
    response_cache_bytes: int = Field(
        32 * MEGABYTE, ge=0, description="Memory for finished answers; 0 turns the response cache off."
    )
    answers_bytes: int = Field(
        240 * MEGABYTE,
        ge=1,
        description="Memory for answers that are being made, sent or kept; more wait, and then are answered 503.",
    )
    files_bytes: int = Field(
        512 * MEGABYTE,
        ge=0,
        description="Room in the temporary directory for built files, also those that are being built or sent.",
    )
    row_stores_bytes: int = Field(
        512 * MEGABYTE,
        ge=0,
        description="Room in the temporary directory for the finished rows of all workers, of which pages of text and "
        "plain pictures are made; 0 encodes them anew each time.",
    )
    encoder_threads: int = Field(2, ge=1, description="Threads for encoding that takes long.")
    encoder_queue: int = Field(64, ge=1, description="Long encodings that may wait; more are answered 503.")
    workers: int = Field(
        1, ge=1, le=256, description="Processes that serve; each has caches, files and threads of its own."
    )
    worker_silence_seconds: int = Field(
        30, ge=2, description="Seconds after which one of several workers is replaced whose event loop does not run."
    )
    cache_dir: str = Field(
        USER_CACHE,
        description="Directory for a file of raw pixels, which all processes map; `auto` is `digits-service` in the "
        "user's cache directory, empty none.",
    )
    encoder_wait_seconds: float = Field(
        10,
        gt=0,
        description="Seconds that an encoding may wait for a thread and for memory, before it is answered 503.",
    )
    access_log: bool = Field(False, description="Log a line for every request (costs as much as serving it).")
    log_format: Literal["auto", "human", "json"] = Field(
        "auto",
        description="How messages are written: `human`, `json` (an object a line), or `auto`: `human` on a terminal, "
        "`json` elsewhere.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important messages that are written."
    )
    traces: Annotated[bool, AfterValidator(check_traces)] = Field(
        False,
        description="Send traces to the OTLP receiver that the `OTEL_…` variables name; needs the extra `otel`.",
    )

    @property
    def cache_folder(self) -> Path | None:
        """The directory of the setting `cache_dir`, None if there is none.

        Source: XDG Base Directory Specification, `$XDG_CACHE_HOME`.
        """
        if self.cache_dir != USER_CACHE:
            return Path(self.cache_dir) if self.cache_dir else None
        caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
        try:
            caches = caches.expanduser()
        except RuntimeError:  # a user without a home
            return None
        return caches / "digits-service" if caches.is_absolute() else None

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Refuse environment variables that look like settings and are none."""
        if os.environ.get(f"{PREFIX}PORT", "").startswith("tcp://"):
            raise ValueError(
                f"{PREFIX}PORT was set by Kubernetes for a Service named digits; "
                "set enableServiceLinks: false in the pod's specification"
            )
        names = {
            name.lower().removeprefix(PREFIX.lower()): name for name in os.environ if name.upper().startswith(PREFIX)
        }
        for name in sorted(names.keys() - cls.model_fields.keys()):
            if name == CLIENTS_KEY:
                raise ValueError(f"{names[name]} is for clients; the setting of the service is {PREFIX}API_KEYS")
            raise ValueError(f"{names[name]} is not a setting; {_suggest(name, list(cls.model_fields))}")
        return values

    @model_validator(mode="after")
    def _read_files(self) -> Self:
        """Add the keys of the file to the others, and refuse files of TLS that cannot be used."""
        if self.api_keys_file:
            keys = check_api_keys((*self.api_keys, *read_api_keys(self.api_keys_file)))
            self.__dict__["api_keys"] = keys  # frozen for all others
        check_tls(
            certificate=self.tls_certificate,
            key=self.tls_key,
            password=self.tls_key_password.get_secret_value(),
            client_ca=self.tls_client_ca,
        )
        return self


def _suggest(name: str, known: list[str]) -> str:
    """Name the setting that an unknown name most likely means, or else all of them."""
    nearest = [RENAMED[name]] if name in RENAMED else get_close_matches(name, known, n=1)
    if nearest:
        return f"the nearest is {PREFIX}{nearest[0].upper()}"
    return "the settings are " + ", ".join(f"{PREFIX}{one.upper()}" for one in known)
