"""What can be said of the container without a container engine."""

import json
import re

from service.formats import webp
from service.settings import Settings
from tests.processes import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

MIB = 2**20
AT_REST, BESIDE_ANSWERS = 250_000_000, 60_000_000
LARGEST_FILE = 70_000 * 784 * 4


def number(pattern: str) -> int:
    """The number that a line of docker-compose.yml holds."""
    found = re.search(pattern, (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


def test_the_memory_limit_covers_the_process_and_its_temporary_directory() -> None:
    temporary = number(r"size=(\d+)m") * MIB
    files = number(r"DIGITS_FILES_BYTES: (\d+)")
    assert temporary >= files + number(r"DIGITS_ROW_STORES_BYTES: (\d+)")
    assert files > 2 * LARGEST_FILE  # two that are built or sent at the same time
    answers = number(r"DIGITS_ANSWERS_BYTES: (\d+)")
    assert answers == Settings().answers_bytes
    assert number(r"mem_limit: (\d+)m") * MIB >= AT_REST + answers + BESIDE_ANSWERS + temporary


def test_the_largest_answer_fits_beside_what_the_response_cache_holds() -> None:
    settings = Settings()
    assert settings.answers_bytes - settings.response_cache_bytes >= webp.LARGEST * webp.BYTES


def test_nothing_is_removed_from_installed_packages() -> None:
    assert not re.search(r"\brm\b|-delete", DOCKERFILE)
    assert "USER 10001" in DOCKERFILE


def test_every_image_that_is_built_on_is_pinned_by_its_digest() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert [one for one in images if not re.fullmatch(r"scratch|python:3\.\d+-slim@sha256:[0-9a-f]{64}", one)] == []


def test_what_is_started_needs_no_shell() -> None:
    final = DOCKERFILE.rpartition("\nFROM scratch\n")[2].replace("\\\n", "")
    started = re.findall(r"^(?:HEALTHCHECK .*?)?(CMD|ENTRYPOINT) (.*)$", final, re.MULTILINE)
    assert [kind for kind, _ in started] == ["CMD", "ENTRYPOINT", "CMD"]
    assert all(isinstance(json.loads(words), list) for _, words in started)
    assert not re.search(r"^RUN", final, re.MULTILINE)
