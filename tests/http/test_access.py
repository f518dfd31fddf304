"""Who is let in, and how often: over real connections, on and off."""

from base64 import b64encode
from collections.abc import Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.credentials import write_api_key
from service.http.access import KeyRing, find_key
from service.http.middleware import EXPOSED
from service.settings import Settings
from tests import made, sites
from tests.http.expect import assert_problem

HERE = "/v1/datasets/made/train"
KEYS = {"trainer": "digits_of-the-trainer", "course": "digits_of-the-course"}
ENTRIES = tuple(write_api_key(name, key) for name, key in KEYS.items())

CLOSED = [
    "/",
    "/v1/datasets",
    f"{HERE}/rows?format=npz",
    f"{HERE}/samples/0.png",
    f"{HERE}.csv",
    f"{HERE}/batches",
    "/mirrors",
    "/metrics",
    "/nowhere",
    "/livez/",
    "/docsx",
    "/explorer",
]
"""What has data, or is nothing."""

OPEN = ["/livez", "/readyz", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/problems", "/problems/unauthorized"]
OPEN += ["/client.js", "/client.d.ts", "/client.tgz", "/explorer/index.html", "/explorer/explorer.js"]
"""What is the same everywhere, or is asked by those who have no key."""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def basic(key: str, user: str = "") -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{key}'.encode()).decode()}"}


KNOWN = bearer(KEYS["trainer"])


@pytest.fixture(scope="module")
def locked() -> Iterator[sites.Site]:
    """A service that needs a key."""
    with sites.serving(create_app(Settings(api_keys=ENTRIES), [made.source()])) as running:
        yield running


# --- keys ---


@pytest.mark.parametrize("target", CLOSED)
def test_without_a_key_there_is_no_data(locked: sites.Site, target: str) -> None:
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = locked.send(method, target)
        assert answer.status == 401
        assert answer["Cache-Control"] == "no-store"
        assert answer.headers.get_all("WWW-Authenticate") == [
            'Bearer realm="digits"',
            'Basic realm="digits", charset="UTF-8"',
        ]
    assert_problem(locked.get(target), "unauthorized")


@pytest.mark.parametrize("target", OPEN)
def test_what_has_no_data_needs_no_key(locked: sites.Site, site: sites.Site, target: str) -> None:
    for headers in ({}, bearer("wrong"), KNOWN):
        answer = locked.get(target, headers)
        assert answer.status == 200
        assert answer.headers.get("Cache-Control") == site.get(target).headers.get("Cache-Control")


@pytest.mark.parametrize(
    "headers",
    [
        *map(bearer, KEYS.values()),
        *map(basic, KEYS.values()),
        basic(KEYS["course"], "anyone"),
        {"authorization": f"bEaReR   {KEYS['course']}"},
    ],
)
def test_every_key_opens_the_data_as_a_token_or_as_a_password(
    locked: sites.Site, site: sites.Site, headers: Mapping[str, str]
) -> None:
    for target in (f"{HERE}/rows", f"{HERE}/samples/0.png", f"{HERE}.csv", f"{HERE}/rows?format=npz"):
        for _ in range(2):  # the second time from memory
            answer, free = locked.get(target, headers), site.get(target)
            assert (answer.status, answer.body, answer["ETag"]) == (200, free.body, free["ETag"])
    assert locked.get("/nowhere", headers).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        bearer(""),
        bearer("wrong"),
        bearer(KEYS["trainer"] + "x"),
        bearer(KEYS["trainer"].upper()),
        bearer(KEYS["trainer"][:-1]),
        bearer(ENTRIES[0]),
        bearer(ENTRIES[0].partition(":")[2]),
        bearer(f"{KEYS['trainer']}, Bearer {KEYS['trainer']}"),
        basic("wrong"),
        basic("", KEYS["trainer"]),
        {"Authorization": "Basic ###"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Basic \xe9"},
        {"Authorization": f"Digest {KEYS['trainer']}"},
        {"Authorization": KEYS["trainer"]},
        {"Authorization": "Bearer \xe9"},
        {"X-Api-Key": KEYS["trainer"], "Authorization": ""},
    ],
)
def test_what_is_no_key_is_refused_as_the_standards_say(locked: sites.Site, headers: Mapping[str, str]) -> None:
    locked.get(f"{HERE}/rows", KNOWN)  # in memory, which opens it to nobody else
    answer = locked.get(f"{HERE}/rows", headers)
    assert_problem(answer, "unauthorized")
    assert answer.headers.get_all("WWW-Authenticate", [])[0] == 'Bearer realm="digits", error="invalid_token"'
    assert not any(key.encode() in answer.body for key in KEYS.values())


def test_a_conditional_request_without_a_key_learns_nothing(locked: sites.Site) -> None:
    tag = locked.get(f"{HERE}/rows", KNOWN)["ETag"]
    assert locked.get(f"{HERE}/rows", {"If-None-Match": tag}).status == 401
    unchanged = locked.get(f"{HERE}/rows", {"If-None-Match": tag, **KNOWN})
    assert (unchanged.status, unchanged["Cache-Control"]) == (304, "private, max-age=3600")


@pytest.mark.parametrize("target", ["/", f"{HERE}/rows", f"{HERE}/samples/0.png", f"{HERE}.csv"])
def test_caches_that_many_share_do_not_keep_what_a_key_opened(
    locked: sites.Site, site: sites.Site, target: str
) -> None:
    free = site.get(target)["Cache-Control"]
    assert free.startswith("public, ")
    answer = locked.get(target, KNOWN)
    assert answer["Cache-Control"] == free.replace("public", "private")
    assert "Authorization" in answer["Vary"].split(", ")
    rev = site.get(HERE).json["rev"]
    assert locked.get(f"{HERE}/rows?rev={rev}", KNOWN)["Cache-Control"] == "private, max-age=31536000, immutable"


def test_the_key_is_needed_below_a_root_path_as_well() -> None:
    settings = Settings(api_keys=ENTRIES, root_path="/explorer")
    with sites.serving(create_app(settings, [made.source()])) as site:
        for prefix in ("", "/explorer"):
            assert site.get(f"{prefix}{HERE}").status == 401
            assert site.get(f"{prefix}{HERE}", KNOWN).status == 200
            assert site.get(f"{prefix}/livez").status == 200


@pytest.mark.parametrize("path", ["/explorer/../v1/datasets", "/explorer/%2e%2e/v1/datasets", "//v1/datasets"])
def test_no_spelling_of_a_path_leads_around_the_key(locked: sites.Site, path: str) -> None:
    locked.get("/v1/datasets", KNOWN)
    assert locked.get(path).status in (401, 404)


def test_a_page_of_another_origin_may_send_a_key_and_read_the_refusal(locked: sites.Site) -> None:
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = locked.send("OPTIONS", f"{HERE}/rows", asked)
    assert (preflight.status, preflight["Access-Control-Allow-Headers"]) == (204, "authorization")
    for headers in ({}, KNOWN):
        answer = locked.get(f"{HERE}/rows", {"Origin": "https://a.example", **headers})
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "WWW-Authenticate" in EXPOSED


def test_metrics_need_a_key_unless_they_are_open() -> None:
    for open_metrics in (False, True):
        settings = Settings(api_keys=ENTRIES, open_metrics=open_metrics)
        with sites.serving(create_app(settings, [made.source()])) as site:
            assert site.get("/metrics").status == (200 if open_metrics else 401)
            assert site.get("/metrics", KNOWN).status == 200


def test_refusals_are_counted(locked: sites.Site) -> None:
    locked.get("/v1/datasets")
    assert count(locked, "401", KNOWN) > 0


def count(site: sites.Site, status: str, headers: Mapping[str, str] | None = None) -> float:
    """How many requests were answered so."""
    text = site.get("/metrics", headers).body.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return sum(one.value for one in families["digits_requests"].samples if one.labels.get("status") == status)


def test_without_the_setting_no_key_is_needed_and_none_is_read(site: sites.Site) -> None:
    for headers in ({}, KNOWN, bearer("wrong")):
        answer = site.get(f"{HERE}/rows", headers)
        assert (answer.status, answer["Cache-Control"]) == (200, "public, max-age=3600")
        assert "RateLimit" not in answer.headers
        assert "Authorization" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("fitting", [0, 1, None])
def test_all_hashes_are_compared_whichever_fits(fitting: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(_: bytes, known: bytes) -> bool:
        compared.append(known)
        return len(compared) - 1 == fitting

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert KeyRing(ENTRIES).find("any") == (None if fitting is None else list(KEYS)[fitting])
    assert len(compared) == len(ENTRIES)


@pytest.mark.parametrize(
    ("credentials", "key"),
    [
        ("Bearer a", "a"),
        (f"Basic {b64encode(b'user:a:b').decode()}", "a:b"),
        (f"Basic {b64encode(b'user').decode()}", ""),
        ("Digest a", None),
        ("", None),
    ],
)
def test_a_key_is_a_token_or_what_follows_the_user(credentials: str, key: str | None) -> None:
    assert find_key(credentials) == key


# --- rate limit ---


@pytest.fixture
def limited() -> Iterator[sites.Site]:
    """A service that takes three requests in an hour of every key, and of every address without one."""
    settings = Settings(
        api_keys=ENTRIES, rate_limit=3, rate_window_seconds=3_600, trusted_proxies=("127.0.0.1",), open_metrics=True
    )
    with sites.serving(create_app(settings, [made.source()]), settings) as running:
        yield running


def test_a_client_reads_what_is_left_and_is_refused_when_nothing_is(limited: sites.Site) -> None:
    for left, reset in ((2, 1_200), (1, 2_400), (0, 1_200)):
        answer = limited.get(f"{HERE}/rows", KNOWN)
        assert answer.status == 200
        assert answer["RateLimit-Policy"] == '"client";q=3;w=3600'
        assert answer["RateLimit"] == f'"client";r={left};t={reset}'
    refused = limited.get(f"{HERE}/rows", {**KNOWN, "Origin": "https://a.example"})
    assert_problem(refused, "too-many-requests")
    assert refused["Retry-After"] == "1200"
    assert refused["RateLimit"] == '"client";r=0;t=1200'
    assert refused["Access-Control-Allow-Origin"] == "*"
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(EXPOSED.split(", "))
    assert limited.get(f"{HERE}/rows", basic(KEYS["trainer"])).status == 429
    assert limited.get(f"{HERE}/rows", bearer(KEYS["course"])).status == 200


def test_health_is_never_limited_and_refusals_are_counted(limited: sites.Site) -> None:
    for _ in range(5):
        assert limited.get("/livez", KNOWN).status == 200
        assert limited.get("/readyz").status == 200
        limited.get(HERE, KNOWN)
    assert "RateLimit" not in limited.get("/livez").headers
    assert count(limited, "429") == 2


def test_whoever_guesses_keys_is_limited_by_address(limited: sites.Site) -> None:
    statuses = [limited.get(HERE, bearer(f"digits_{number}")).status for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert limited.get(HERE, KNOWN).status == 200


def test_addresses_behind_a_trusted_proxy_are_told_apart(limited: sites.Site) -> None:
    def ask(address: str) -> int:
        return limited.get("/docs", {"X-Forwarded-For": address}).status

    assert [ask("203.0.113.1") for _ in range(4)] == [200, 200, 200, 429]
    assert ask("203.0.113.2") == 200
    assert [ask(f"2001:db8::{number}") for number in range(4)] == [200, 200, 200, 429]
    assert ask("2001:db8:0:1::1") == 200
    assert ask("203.0.113.9, 203.0.113.1") == 429  # what the client has written itself is not believed


def test_preflights_cost_nothing(limited: sites.Site) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert {limited.send("OPTIONS", HERE, asked).status for _ in range(5)} == {204}


def test_a_limit_needs_no_keys() -> None:
    with sites.serving(create_app(Settings(rate_limit=2), [made.source()])) as site:
        assert [site.get(HERE).status for _ in range(3)] == [200, 200, 429]
        assert site.get(HERE, KNOWN).status == 429  # nobody gave out this key, so it is no client of its own
