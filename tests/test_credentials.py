"""API keys and files of TLS in settings: what is refused, and that no message repeats a secret."""

import re
from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from service.credentials import hash_key, make_key, parse_api_key, write_api_key
from service.settings import Settings

KEY = "digits_secret"
ENTRY = write_api_key("trainer", KEY)
OTHER = write_api_key("other", "digits_another")


def test_keys_are_long_random_and_different() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"digits_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_an_entry_has_the_name_and_the_hash_but_not_the_key() -> None:
    assert parse_api_key(ENTRY) == ("trainer", hash_key(KEY))
    assert KEY not in ENTRY


def test_keys_come_from_the_environment_and_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# of the course\n\n {OTHER} \r\n")
    monkeypatch.setenv("DIGITS_API_KEYS", f"{ENTRY},")
    assert Settings().api_keys == (ENTRY,)
    monkeypatch.setenv("DIGITS_API_KEYS_FILE", str(file))
    assert Settings().api_keys == (ENTRY, OTHER)
    monkeypatch.delenv("DIGITS_API_KEYS")
    assert Settings().api_keys == (OTHER,)


@pytest.mark.parametrize(
    "entry",
    [KEY, f"trainer:{KEY}", ENTRY.upper(), ENTRY[:-1], ENTRY + "0", ENTRY.partition(":")[2], f"a b:{'0' * 64}", ":"],
)
def test_what_is_no_entry_is_refused_and_not_repeated(entry: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{OTHER}\n{entry}\n")
    for settings in ({"api_keys": (OTHER, entry)}, {"api_keys_file": str(file)}):
        with pytest.raises(ValidationError, match="an entry that is not NAME:SHA256") as refused:
            Settings(**settings)
        assert entry == ":" or entry not in str(refused.value)
        assert entry == ":" or all(entry not in str(error["ctx"]["error"]) for error in refused.value.errors())


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(ENTRY)
    with pytest.raises(ValidationError, match="the name trainer twice"):
        Settings(api_keys=(ENTRY, write_api_key("trainer", "digits_new")))
    with pytest.raises(ValidationError, match="the name trainer twice"):
        Settings(api_keys=(ENTRY,), api_keys_file=str(file))


@pytest.mark.parametrize("content", ["", "\n\n", "# none yet\n"])
def test_a_file_without_keys_is_refused_because_it_would_let_in_everybody(content: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(content)
    with pytest.raises(ValidationError, match="has no key; write NAME:SHA256 into it"):
        Settings(api_keys_file=str(file))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ValidationError, match=f"cannot be read .*{reason}"):
            Settings(api_keys_file=str(path))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates and keys in PEM."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    for name in ("one", "two"):
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        for certificate in issued.cert_chain_pems:
            certificate.write_to_path(folder / f"{name}.pem")
        issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}-both.pem")
    (folder / "text").write_text("no certificate")
    return folder


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"tls_certificate": "none.pem"}, "No such file or directory: .*none.pem"),
        ({"tls_certificate": "one.pem", "tls_key": "none.key"}, "No such file or directory: .*none.key"),
        ({"tls_certificate": "one.pem", "tls_key": "two.key"}, "the key does not belong to the certificate"),
        ({"tls_certificate": "one.pem"}, "a file does not hold, in PEM, what its setting says"),
        ({"tls_certificate": "one.key", "tls_key": "one.pem"}, "in PEM"),
        ({"tls_certificate": "text", "tls_key": "one.key"}, "in PEM"),
        ({"tls_certificate": "one-both.pem", "tls_client_ca": "none.pem"}, "TLS_CLIENT_CA cannot be used .*No such"),
        ({"tls_certificate": "one-both.pem", "tls_client_ca": "text"}, "TLS_CLIENT_CA cannot be used .*in PEM"),
        ({"tls_key": "one.key"}, "DIGITS_TLS_CERTIFICATE is empty, but other settings of TLS are not"),
        ({"tls_client_ca": "authority.pem"}, "DIGITS_TLS_CERTIFICATE is empty"),
    ],
)
def test_files_of_tls_that_cannot_be_used_are_refused(files: Path, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Settings(**{name: str(files / file) for name, file in settings.items()})  # type: ignore[arg-type]


def test_files_of_tls_that_belong_together_are_taken(files: Path) -> None:
    one, key, both, authority = (str(files / name) for name in ("one.pem", "one.key", "one-both.pem", "authority.pem"))
    Settings(tls_certificate=one, tls_key=key)
    Settings(tls_certificate=both)
    Settings(tls_certificate=both, tls_client_ca=authority)


def test_the_password_of_a_key_is_needed_where_it_has_one_and_is_never_shown(files: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - what trustme is made of

    plain = serialization.load_pem_private_key((files / "one.key").read_bytes(), None)
    key = tmp_path / "locked.key"
    key.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"correct"),
        )
    )
    certificate = str(files / "one.pem")
    settings = Settings(tls_certificate=certificate, tls_key=str(key), tls_key_password="correct")  # noqa: S106
    assert "correct" not in repr(settings)
    for password in ("", "wrong"):
        with pytest.raises(ValidationError, match="or the password is wrong"):
            Settings(tls_certificate=certificate, tls_key=str(key), tls_key_password=password)
