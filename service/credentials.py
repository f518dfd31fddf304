"""API keys and files of TLS, as settings name them: checked when the service starts. Lowest floor.

An API key is 256 random bits. Nobody can try so many, so its SHA-256 may be known to others; a slow hash with a salt,
as passwords need it, would only cost time (NIST SP 800-63B, section 5.1.2.2).
"""

import hashlib
import re
import secrets
import ssl
from pathlib import Path

API_KEY = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")
"""A key as a setting has it: the name of its client, and the SHA-256 of the key in hex."""

KEY_PREFIX = "digits_"
"""How every key begins, so that programs that look for secrets in texts can find one."""

KEY_BYTES = 32
"""Random bytes of a key."""

MISMATCH = "KEY_VALUES_MISMATCH"
"""OpenSSL's reason where a key does not belong to a certificate. For all else in a file it gives hardly any."""


def make_key() -> str:
    """A new random key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> bytes:
    """SHA-256 of a key, by which the service knows it."""
    return hashlib.sha256(key.encode()).digest()


def write_api_key(name: str, key: str) -> str:
    """The entry of a client's key in a setting.

    Raises:
        ValueError: the name has other characters than letters, digits and `.` `_` `-`, or more than 64.
    """
    entry = f"{name}:{hash_key(key).hex()}"
    parse_api_key(entry)
    return entry


def parse_api_key(entry: str) -> tuple[str, bytes]:
    """The name of a client and the hash of its key.

    Raises:
        ValueError: the entry is malformed. The message does not repeat it, because it may be the key itself.
    """
    found = API_KEY.fullmatch(entry)
    if found is None:
        raise ValueError(
            "has an entry that is not NAME:SHA256, a name of letters, digits and . _ - and 64 digits 0-9 a-f; "
            "`python -m service key NAME` makes a key and its entry"
        )
    return found[1], bytes.fromhex(found[2])


def check_api_keys(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse malformed entries, and two of one name.

    Raises:
        ValueError: one of them is malformed, or has the name of another.
    """
    names = [parse_api_key(entry)[0] for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"has the name {name} twice; give each key a name of its own")
    return entries


def check_api_keys_file(path: str) -> str:
    """Refuse a file that cannot be read, has a malformed entry, or has none: the service would then need no key.

    Raises:
        ValueError: the file is refused.
    """
    if path and not check_api_keys(read_api_keys(path)):
        raise ValueError(f"{path} has no key; write NAME:SHA256 into it, or leave the setting out")
    return path


def read_api_keys(path: str) -> tuple[str, ...]:
    """The entries of a file, one a line, without empty lines and comments, which begin with `#`.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError as error:
        raise ValueError(f"cannot be read ({_explain(error)})") from None
    return tuple(line for line in lines if line and not line.startswith("#"))


def check_tls(*, certificate: str, key: str, password: str, client_ca: str) -> None:
    """Refuse files with which no TLS connection could be accepted, and settings that have no effect without others.

    Raises:
        ValueError: a file cannot be read, is not what its setting says, or does not belong to another.
    """
    if not certificate:
        if key or password or client_ca:
            raise ValueError("DIGITS_TLS_CERTIFICATE is empty, but other settings of TLS are not; name its file")
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        for path in filter(None, (certificate, key)):
            Path(path).read_bytes()  # OpenSSL does not say which file it cannot read
        context.load_cert_chain(
            certificate, key or None, lambda: password
        )  # or OpenSSL asks whoever starts the service
    except (OSError, ValueError) as error:
        settings = "DIGITS_TLS_CERTIFICATE, DIGITS_TLS_KEY and DIGITS_TLS_KEY_PASSWORD"
        raise ValueError(f"{settings} cannot be used together ({_explain(error)})") from None
    try:
        if client_ca:
            context.load_verify_locations(client_ca)
    except OSError as error:
        raise ValueError(f"DIGITS_TLS_CLIENT_CA cannot be used ({_explain(error)})") from None


def _explain(error: Exception) -> str:
    """The reason of a failure in a few words, with the file that is to blame if one is known."""
    if isinstance(error, ssl.SSLError):
        if error.reason == MISMATCH:
            return "the key does not belong to the certificate"
        return "a file does not hold, in PEM, what its setting says, or the password is wrong"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
