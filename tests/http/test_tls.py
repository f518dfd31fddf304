"""TLS: what is served over plain connections is served over encrypted ones, to whom the settings let in."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from digits_client import connect
from service.app import create_app
from service.settings import Settings
from tests import made, sites
from tests.http.wire import receive, split

HERE = "/v1/datasets/made/train"


@dataclass(frozen=True)
class Secure:
    """A service behind TLS, and the authority that its clients trust."""

    port: int
    authority: trustme.CA

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}"

    def context(self) -> ssl.SSLContext:
        """What a client needs."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def get(self, target: str, context: ssl.SSLContext | None = None) -> sites.Answer:
        """Send a GET."""
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context or self.context())
        connection.request("GET", target)
        answer = connection.getresponse()
        told = sites.Answer(answer.status, answer.headers, answer.read())
        connection.close()
        return told

    def open(self) -> ssl.SSLSocket:
        """An encrypted connection."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.context().wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs."""
    return trustme.CA()


@pytest.fixture(scope="module")
def settings(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a certificate for loopback."""
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return Settings(tls_certificate=str(certificate), tls_key=str(key), keep_alive_seconds=5)


@pytest.fixture(scope="module")
def secure(settings: Settings, authority: trustme.CA) -> Iterator[Secure]:
    """A service behind TLS."""
    with sites.serving(create_app(settings, [made.source()]), settings) as site:
        yield Secure(urlsplit(site.url).port or 0, authority)


@pytest.mark.parametrize(
    "target",
    [
        f"{HERE}/rows",
        f"{HERE}/samples/0.png",
        f"{HERE}.npz",
        f"{HERE}/batches?steps=all&batch_size=1",
        "/docs",
        "/none",
    ],
)
def test_answers_are_the_same_as_without(secure: Secure, site: sites.Site, target: str) -> None:
    encrypted, plain = secure.get(target), site.get(target, {"Accept-Encoding": "identity"})
    assert (encrypted.status, encrypted.body) == (plain.status, plain.body)
    assert encrypted.headers.get("ETag") == plain.headers.get("ETag")


def test_absolute_addresses_begin_with_https(secure: Secure) -> None:
    for mirror in secure.get("/mirrors").json["mirrors"]:
        assert mirror["root"].startswith(secure.url)
        for recipe in mirror["recipes"]:
            assert "http://127.0.0.1" not in recipe["code"]


def test_a_connection_serves_many_requests_and_tells_what_is_no_http(secure: Secure) -> None:
    with secure.open() as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"\x00\r\n\r\n")
        answers = split(receive(connection))
    assert [one.status for one in answers[:3]] == [200, 200, 200]
    assert [one["Content-Type"] for one in answers[3:]] in ([], ["application/problem+json"])


def test_a_slow_reader_gets_the_whole_stream(secure: Secure, site: sites.Site) -> None:
    target = f"{HERE}/batches?steps=all&batch_size=1&format=ndjson"
    with secure.open() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.sendall(f"GET {target} HTTP/1.0\r\nHost: a\r\n\r\n".encode())
        received = b""
        while piece := connection.recv(7):
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == site.get(target).body


def test_versions_that_are_deprecated_are_refused(secure: Secure) -> None:
    context = secure.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert secure.get("/livez", context).status == 200
    context = secure.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or the client itself refuses
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        secure.get("/livez", context)


def test_what_is_not_encrypted_is_not_answered_and_holds_nothing_up(secure: Secure) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), timeout=30) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/" not in receive(connection)
    assert secure.get("/livez").status == 200


def test_the_client_reads_over_tls(secure: Secure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trusted = tmp_path / "authority.pem"
    secure.authority.cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with connect(secure.url, patience=0) as client:
        split = client.dataset("made")["train"]
        assert len(split.images) == made.TRAIN
        assert sum(len(batch) for batch in split.batches(4, seed=1)) == made.TRAIN


def test_clients_need_a_certificate_where_an_authority_is_named(
    settings: Settings, authority: trustme.CA, tmp_path: Path
) -> None:
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    asking = settings.model_copy(update={"tls_client_ca": str(trusted)})
    with sites.serving(create_app(asking, [made.source()]), asking) as site:
        secure = Secure(urlsplit(site.url).port or 0, authority)
        for issuer, accepted in ((authority, True), (trustme.CA(), False), (None, False)):
            context = secure.context()
            if issuer is not None:
                issuer.issue_cert("client").configure_cert(context)
            if accepted:
                assert secure.get("/livez", context).status == 200
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):  # whichever is noticed first
                    secure.get("/livez", context)


def test_a_client_that_begins_no_handshake_is_disconnected(settings: Settings) -> None:
    hasty = settings.model_copy(update={"head_seconds": 1})
    with sites.serving(create_app(hasty, [made.source()]), hasty) as server:
        place = ("127.0.0.1", urlsplit(server.url).port or 0)
        with socket.create_connection(place, timeout=30) as silent:  # asyncio itself would give it a minute
            assert silent.recv(1) == b""
