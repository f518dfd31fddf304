"""The command line, as its users meet it: a process with arguments, an exit code, and sentences."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from service import __version__
from service.__main__ import main
from service.credentials import write_api_key
from service.settings import Settings
from tests import processes, sites


def command(
    *arguments: str, folder: Path = processes.ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m service …` until it ends, with the package that lies in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


HOST = (
    "DIGITS_HOST: is '*', which is neither an IP address nor the name of a host; "
    "write 127.0.0.1 for this machine alone, or :: for every address."
)

NO_ENTRY = (
    "has an entry that is not NAME:SHA256, a name of letters, digits and . _ - and 64 digits 0-9 a-f; "
    "`python -m service key NAME` makes a key and its entry."
)

TLS = "DIGITS_TLS_CERTIFICATE, DIGITS_TLS_KEY and DIGITS_TLS_KEY_PASSWORD"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, to be damaged."""
    shutil.copytree(processes.ROOT / "service", tmp_path / "service", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["check", "--help"], ["openapi", "--help"]])
def test_help_says_what_a_command_does(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: python -m service")
    for word in {"serve": ("--host", "--port", "--root-path"), "check": ("verify",)}.get(arguments[0], ()):
        assert word in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["serve", "--port", "x"], ["serve", "--colour"], ["check", "now"]]
)
def test_wrong_arguments_are_told_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_new_key_is_printed_with_the_entry_that_lets_it_in(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for _ in range(2):
        assert main(["key", "trainer-1"]) == 0
        lines = capsys.readouterr().out.splitlines()
        key, entry = lines[1].strip(), lines[3].strip()
        assert Settings(api_keys=(entry,)).api_keys == (write_api_key("trainer-1", key),)
        printed.append(key)
    assert printed[0] != printed[1]


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a,b", "x" * 65])
def test_a_name_that_no_entry_can_have_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["key", name])
    assert ended.value.code == 2
    assert "letters, digits and . _ -" in capsys.readouterr().err


def test_check_verifies_the_data_and_says_so() -> None:
    run = command("check")
    assert run.returncode == 0
    assert run.stdout == "All data is valid.\n"
    assert "mnist: 70000 images" in run.stderr
    assert "digits: 1797 images" in run.stderr


def test_openapi_prints_the_committed_document() -> None:
    run = command("openapi")
    assert run.returncode == 0
    assert run.stdout == (processes.ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        ("check", "train-images-idx3"),
        ("serve", "train-labels-idx1"),
        ("serve", "t10k-images-idx3"),
        ("check", "t10k-labels-idx1"),
    ],
)
def test_one_damaged_byte_stops_it_with_one_sentence(copy: Path, verb: str, name: str) -> None:
    file = copy / "service" / "datasets" / "originals" / f"{name}-ubyte.gz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    digests = r"SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}"
    assert_refused(command(verb, folder=copy), rf"{file.name} is damaged: {digests}; reinstall the package\.")


@pytest.mark.parametrize("verb", ["check", "serve"])
def test_a_missing_file_stops_it_with_one_sentence(copy: Path, verb: str) -> None:
    file = copy / "service" / "datasets" / "originals" / "t10k-labels-idx1-ubyte.gz"
    file.unlink()
    sentence = rf"{file.name} cannot be read .*expected SHA-256 [0-9a-f]{{64}}; reinstall the package\."
    assert_refused(command(verb, folder=copy), sentence)


def assert_refused(run: subprocess.CompletedProcess[str], sentence: str) -> None:
    """It ended with an error, and one line says why, without a way through the code."""
    assert run.returncode > 0
    assert run.stdout == ""
    assert "Traceback" not in run.stderr
    assert len([line for line in run.stderr.splitlines() if re.search(sentence, line)]) == 1, run.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("DIGITS_PORT", "x"), ("DIGITS_PORT", "70000"), ("DIGITS_TEXT_LIMIT", "0")],
)
def test_a_wrong_setting_is_named_with_what_it_was(name: str, value: str) -> None:
    run = command("serve", environment={name: value})
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith(f"{name}: ")
    assert f"not '{value}'" in run.stderr


def test_a_wrong_option_is_named_as_the_option() -> None:
    run = command("serve", "--port", "70000")
    assert run.returncode == 2
    assert run.stderr == "--port: Input should be less than or equal to 65535, not 70000.\n"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DIGITS_HOST", "", "DIGITS_HOST: is empty; write 127.0.0.1 for this machine alone, or :: for every address."),
        ("DIGITS_HOST", "*", HOST),
        ("DIGITS_API_KEYS", "digits_the-key-itself", f"DIGITS_API_KEYS: {NO_ENTRY}"),
        ("DIGITS_API_KEYS_FILE", "/none", "DIGITS_API_KEYS_FILE: cannot be read (No such file or directory: /none)."),
        ("DIGITS_TLS_CERTIFICATE", "/none", f"{TLS} cannot be used together (No such file or directory: /none)."),
        ("DIGITS_MEMO_BYTES", "1", "DIGITS_MEMO_BYTES is not a setting; the nearest is DIGITS_RESPONSE_CACHE_BYTES."),
    ],
)
def test_a_setting_that_can_have_no_effect_is_refused_with_what_to_write(name: str, value: str, sentence: str) -> None:
    run = command("serve", environment={name: value})
    assert run.returncode == 2
    assert run.stderr == f"{sentence}\n"


@pytest.mark.parametrize("enabled", [False, True])
def test_the_access_log_has_a_line_for_every_request_if_it_is_on(enabled: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        cwd=processes.ROOT,
        env={**os.environ, "DIGITS_ACCESS_LOG": str(enabled)},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        found = next(found for line in running.stderr if (found := processes.RUNNING.search(line)))
        assert sites.Site(found[1]).get("/livez", {"X-Forwarded-For": "203.0.113.9"}).status == 200
        running.send_signal(signal.SIGTERM)
        lines = [line for line in running.stderr if "GET /livez" in line]
    assert len(lines) == int(enabled)
    assert all(json.loads(line)["client"] == "127.0.0.1" for line in lines)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_serve_on_every_address_takes_ipv4_too() -> None:
    with sites.process("--host", "::") as site:
        assert site.url.startswith("http://[::]:")
        port = site.url.rpartition(":")[2]
        for host in ("127.0.0.1", "[::1]"):
            assert sites.Site(f"http://{host}:{port}").get("/livez").status == 200
        run = command("serve", "--host", "::", "--port", port)
    assert run.returncode > 0
    assert "Address already in use" in run.stderr
    assert "Traceback" not in run.stderr


def test_serve_tells_its_address_and_what_it_loaded_in_how_long() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0", "--host", "127.0.0.1", "--root-path", "/digits"],
        cwd=processes.ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        told = []
        for line in running.stderr:
            told.append(line)
            if found := processes.RUNNING.search(line):
                break
        else:
            pytest.fail("".join(told))
        site = sites.Site(found[1])
        assert site.get("/readyz").json == {"status": "ready", "datasets": {"mnist": 70_000, "digits": 1_797}}
        assert site.get("/v1/datasets/digits").json["links"]["self"].startswith("/digits/v1/datasets/digits")
        assert site.get("/livez").headers.get("Server") is None
        running.send_signal(signal.SIGTERM)
        told += running.stderr
        assert running.wait(30) in (0, -signal.SIGTERM)
    text = "".join(told)
    assert re.search(r"loaded mnist: 70000 images, rev c2069063c110, in \d+\.\d\d s", text)
    assert re.search(r"loaded digits: 1797 images, rev 87ff0c9e40dc, in \d+\.\d\d s", text)
    assert "Traceback" not in text


def test_a_port_that_is_taken_is_told_and_ends_with_an_error(live: sites.Site) -> None:
    run = command("serve", "--port", live.url.rpartition(":")[2])
    assert run.returncode > 0
    assert "address already in use" in run.stderr
    assert "Traceback" not in run.stderr
