import re

import pytest
from pydantic import ValidationError

from service.settings import RENAMED, Settings


def test_every_setting_has_a_default_and_says_what_it_is() -> None:
    assert Settings().model_dump().keys() == Settings.model_fields.keys()
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description.endswith(".")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("PORT", "9000"),
        ("CORS_ORIGINS", "https://a.example, https://b.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("RESPONSE_CACHE_BYTES", "0"),
        ("ACCESS_LOG", "true"),
    ):
        monkeypatch.setenv(f"DIGITS_{name}", value)
    settings = Settings()
    assert settings.port == 9_000
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1")
    assert settings.response_cache_bytes == 0
    assert settings.access_log is True


def test_idle_connections_are_kept_as_long_as_proxies_expect() -> None:
    assert Settings().keep_alive_seconds >= 75


@pytest.mark.parametrize(
    ("variable", "remedy"),
    [
        ("DIGITS_POTR", "the nearest is DIGITS_PORT"),
        ("DIGITS_CORS_ORIGIN", "the nearest is DIGITS_CORS_ORIGINS"),
        ("digits_ports", "the nearest is DIGITS_PORT"),
        ("DIGITS_MEMO_BYTES", "the nearest is DIGITS_RESPONSE_CACHE_BYTES"),
        ("DIGITS_ENCODERS", "the nearest is DIGITS_ENCODER_THREADS"),
        ("DIGITS_BACKLOG", "the nearest is DIGITS_ENCODER_QUEUE"),
        ("DIGITS_TELEMETRY", "the settings are DIGITS_HOST, DIGITS_PORT"),
    ],
)
def test_a_variable_that_is_no_setting_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, remedy: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ValidationError, match=f"{variable} is not a setting; {remedy}"):
        Settings()


def test_every_old_name_has_a_new_one_that_is_a_setting() -> None:
    assert set(RENAMED.values()) <= Settings.model_fields.keys()
    assert not set(RENAMED) & Settings.model_fields.keys()


def test_the_port_that_kubernetes_sets_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("DIGITS_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(ValidationError, match="enableServiceLinks: false"):
        Settings()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "192.0.2.1", "::", "::1", "localhost", "digits-1.example", "host_1", "7up"]
)
def test_an_address_or_a_name_is_listened_on(host: str) -> None:
    assert Settings(host=host).host == host


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", "*", "0", "127.1", "0x7f.1", "999.1.1.1", " 127.0.0.1", "127.0.0.1\r\nX", "\x00"),
        *("a b", "[::1]", "http://a", "a:80", "b\u00fccher.example", "a" * 64, "a." * 127, ".", "-a"),
    ],
)
def test_what_is_no_host_is_refused_before_it_listens_anywhere(host: str) -> None:
    with pytest.raises(ValidationError, match="for this machine alone"):
        Settings(host=host)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", ""),
        ("PORT", "8000.5"),
        ("PORT", "80 00"),
        ("KEEP_ALIVE_SECONDS", "nan"),
        ("FILES_BYTES", "512MB"),
        ("FILES_BYTES", ""),
        ("TEXT_LIMIT", "1e3"),
        ("ACCESS_LOG", ""),
        ("ACCESS_LOG", "maybe"),
        ("OPEN_METRICS", "yess"),
        ("RATE_LIMIT", "-1"),
        ("RATE_LIMIT", "600/60s"),
        ("RATE_WINDOW_SECONDS", "0"),
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "127.0.0.1\r\nX"),
        ("CORS_ORIGINS", "https://a.example\r\nX: y"),
        ("CORS_ORIGINS", "https://a\u4e2d.example"),
        ("FRAME_ANCESTORS", "https://a.example\r\nX: y"),
        ("FRAME_ANCESTORS", "https://a.example; script-src *"),
    ],
)
def test_an_odd_value_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"DIGITS_{variable}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert refused.value.errors()[0]["loc"] == (variable.lower(),)


def test_the_variable_of_clients_does_not_open_the_service_by_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_API_KEY", "digits_secret")
    with pytest.raises(ValidationError, match="DIGITS_API_KEY is for clients; the setting") as refused:
        Settings()
    assert "digits_secret" not in str(refused.value.errors()[0]["msg"])


def test_an_argument_that_is_no_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="memo_bytes"):
        Settings(memo_bytes=0)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("*", ("*",)),
        ("", ()),
        ("https://a.example", ("https://a.example",)),
        ("https://a.example,", ("https://a.example",)),
        ("http://localhost:8080,http://[::1]:3000", ("http://localhost:8080", "http://[::1]:3000")),
        ("capacitor://localhost", ("capacitor://localhost",)),
    ],
)
def test_origins_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch, value: str, origins: tuple[str, ...]) -> None:
    monkeypatch.setenv("DIGITS_CORS_ORIGINS", value)
    assert Settings().cors_origins == origins


@pytest.mark.parametrize(
    ("origin", "remedy"),
    [
        ("https://a.example/", "write https://a.example$"),
        ("https://a.example/path", "write https://a.example$"),
        ("https://a.example?q", "write https://a.example$"),
        ("https://user@a.example", "write https://a.example$"),
        ("a.example", "write https://a.example$"),
        ("a.example:8080", "write https://a.example:8080$"),
        ("HTTPS://A.Example", "write https://a.example$"),
        ("https://a.example:443", "write https://a.example$"),
        ("http://a.example:80", "write http://a.example$"),
        ("https://a.example:", "write https://a.example$"),
        ("https://b\u00fccher.example", "write https://xn--bcher-kva.example$"),
        ("https://*.example", "wildcards match nothing; list every origin"),
        ("null", "write [*] to let every page read"),
        ("https://a.example,*", "write [*] alone"),
        ("https://", "write an origin like https://app.example"),
        ("https://a b", "write an origin like https://app.example"),
        ("https://[::1", "write an origin like https://app.example"),
        ("https://a.example:x", "write an origin like https://app.example"),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str, remedy: str) -> None:
    monkeypatch.setenv("DIGITS_CORS_ORIGINS", origin)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert re.search(remedy, str(refused.value.errors()[0]["ctx"]["error"]))


@pytest.mark.parametrize(
    ("value", "sources"),
    [
        ("", ()),
        ("*", ("*",)),
        ("self", ("self",)),
        ("self, https://a.example", ("self", "https://a.example")),
        ("https://*.a.example,http://localhost:8888", ("https://*.a.example", "http://localhost:8888")),
    ],
)
def test_pages_may_be_framed_by_a_list_of_origins(
    monkeypatch: pytest.MonkeyPatch, value: str, sources: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DIGITS_FRAME_ANCESTORS", value)
    assert Settings().frame_ancestors == sources


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("https://a.example/", "write https://a.example"),
        ("a.example", "write https://a.example"),
        ("'self'", "write an origin like https://app.example"),
        ("https://a.example;script-src", "write an origin like https://app.example"),
        ("https://a.*.example", "wildcards match nothing"),
        ("*,self", "write . alone"),
        ("none", "write https://none"),
    ],
)
def test_what_is_no_origin_may_frame_nothing(source: str, remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        Settings(frame_ancestors=tuple(source.split(",")))


@pytest.mark.parametrize("network", ["10.0.0.1/8", "*", "localhost", "10.0.0.0/33", "::1/x"])
def test_a_proxy_that_is_no_address_or_network_is_refused(network: str) -> None:
    with pytest.raises(ValidationError, match="write IP addresses or networks like"):
        Settings(trusted_proxies=("127.0.0.1", network))


@pytest.mark.parametrize("path", ["", "/digits", "/user/jane@a.example/proxy/8000", "/a.b/_c~/d-e"])
def test_a_root_path_of_plain_characters_is_taken(path: str) -> None:
    assert Settings(root_path=path).root_path == path


@pytest.mark.parametrize(
    "path",
    [
        "no-slash",
        "/",
        "/ends/",
        "//a",
        "/a?b",
        "/a#b",
        "/a\r\nX: y",
        "/a\n",
        "/a b",
        "/\x7f",
        "/\u00e9",
        "/\u4e2d",
        "/a%20b",
        "/..",
        "/a/./b",
        '/"',
        "/<a>",
        "/" + "a" * 100_000 + "?",
    ],
)
@pytest.mark.timeout(5)
def test_a_root_path_that_needs_quoting_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="write a path like /digits"):
        Settings(root_path=path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65_536),
        ("port", -1),
        ("text_limit", 0),
        ("response_cache_bytes", -1),
        ("encoder_threads", 0),
        ("keep_alive_seconds", 0),
        ("host", ""),
        ("host", " "),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
