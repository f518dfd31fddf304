"""`make fuzz`: a running server and every parser under made-up input, for a bounded time.

Three parts share the time: raw sockets (mutations of malformed HTTP), the OpenAPI document (schemathesis with all its
checks, by operation and along links), and the parsers (atheris where it is installed, else Hypothesis). It ends with 1
at an answer of the status 5xx, at an answer that breaks the document or HTTP, and at an exception that no parser
documents.
"""

import argparse
import importlib.util
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from traceback import format_exception_only

from hypothesis import HealthCheck, given, settings

from tests.api import test_schemathesis as described
from tests.faults.mutations import Conversation, conversations
from tests.faults.talk import count_failures, talk
from tests.fuzz.targets import TARGETS, inputs
from tests.processes import ROOT
from tests.sites import Site, process

REQUESTS = re.compile(rb'^digits_requests_total\{[^}]*status="([0-9]{3})"[^}]*\} ([0-9.e+]+)$', re.MULTILINE)

AT_ONCE = 100
"""Examples between two looks at the clock."""

STARTING = 5.0
"""Seconds that a process under atheris takes to start."""

GUIDED = 3 * STARTING
"""Seconds for a parser under atheris, at least."""

LONGEST_FINDING = 3_000
"""Characters of a finding that are printed."""

ANY = settings(
    max_examples=AT_ONCE, deadline=None, database=None, derandomize=False, suppress_health_check=list(HealthCheck)
)


class Findings:
    """What was found, printed at once; of each place only the first."""

    def __init__(self) -> None:
        """Begin without any."""
        self.places: set[str] = set()

    def run(self, place: str, work: Callable[[], None]) -> None:
        """Do a piece of work, and take its failure for a finding."""
        try:
            work()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - whatever it is
            if place not in self.places:
                self.places.add(place)
                notes = "\n".join(getattr(error, "__notes__", ()))
                text = "".join(format_exception_only(error)) + notes
                print(f"FOUND by {place}: {text[:LONGEST_FINDING]}", flush=True)


def repeat(seconds: float, work: Callable[[], None]) -> int:
    """Do something again and again for so many seconds, at least once; how often it was done."""
    ends, times = time.monotonic() + seconds, 0
    while time.monotonic() < ends or not times:
        work()
        times += 1
    return times


def count_requests(site: Site) -> Counter[str]:
    """Answers of a server by status, by its own metrics."""
    counted: Counter[str] = Counter()
    for status, number in REQUESTS.findall(site.get("/metrics").body):
        counted[status.decode()] += int(float(number))
    return counted


def fuzz_sockets(site: Site, findings: Findings, seconds: float) -> str:
    """Send mutated HTTP."""

    @ANY
    @given(conversations())
    def run(conversation: Conversation) -> None:
        for answer in talk(site, conversation):
            assert answer.status < 500 or answer.status in (501, 505), (conversation, answer)

    times = repeat(seconds, lambda: findings.run("raw sockets", run))
    return f"{times * AT_ONCE} conversations on raw sockets"


def fuzz_document(site: Site, findings: Findings, seconds: float) -> str:
    """Send what the OpenAPI document allows and forbids, to every operation, and follow its links."""
    checks = [
        (check.__name__, path, method, lambda check=check, path=path, method=method: check(site, path, method))
        for check, operations in (
            (described.test_what_the_document_allows_is_answered_as_it_promises, described.OPERATIONS),
            (described.test_what_the_document_forbids_is_refused, described.BOUNDED),
            (described.test_no_name_is_answered_by_a_failure_or_in_another_shape, described.OPERATIONS),
        )
        for path, method in operations
    ]
    ends, rounds, done = time.monotonic() + seconds, 0, 0
    while time.monotonic() < ends or not rounds:
        for name, path, method, work in checks:
            if rounds and time.monotonic() > ends:
                break
            findings.run(f"{name} {method} {path}", work)
            done += 1
        findings.run("links", lambda: described.follow_links(site, examples=20))
        rounds += 1
    return f"{done} runs of schemathesis over {len(described.OPERATIONS)} operations, {rounds} along links"


def fuzz_parsers(findings: Findings, seconds: float) -> str:
    """Give every parser some of the time with Hypothesis; and half of it to those that come first, under atheris."""
    ends, guided, times = time.monotonic() + seconds, 0, 0
    names = random.sample(sorted(TARGETS), len(TARGETS))
    if importlib.util.find_spec("atheris"):
        guided = min(len(TARGETS), int(seconds / 2 / GUIDED))
        for name in names[:guided]:
            findings.run(name, partial(run_atheris, name, max(GUIDED, seconds / 2 / len(TARGETS)) - STARTING))
    for number, name in enumerate(names):
        share = (ends - time.monotonic()) / (len(TARGETS) - number)
        run = ANY(given(inputs(TARGETS[name]))(TARGETS[name].run))
        times += repeat(share, partial(findings.run, name, run))
    return f"{times * AT_ONCE} inputs of Hypothesis to {len(TARGETS)} parsers, {guided} of them under atheris as well"


def run_atheris(name: str, seconds: float) -> None:
    """Run one target in a process of its own.

    Raises:
        RuntimeError: it has found something.
    """
    command = [sys.executable, "-m", "tests.fuzz.coverage", name, str(max(1, int(seconds)))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode:
        raise RuntimeError(ended.stderr[-LONGEST_FINDING:])


def main() -> int:
    """Fuzz, and print what was done and found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=300.0, help="how long (300)")
    seconds: float = parser.parse_args().seconds
    settings.register_profile("fuzz", ANY)
    settings.load_profile("fuzz")
    findings, began = Findings(), time.monotonic()
    with process() as site:
        before = count_requests(site)
        for part, share in ((fuzz_sockets, 0.3), (fuzz_document, 0.45)):
            print(part(site, findings, share * seconds), flush=True)
        answered = count_requests(site) - before
        failures = count_failures(site)
    statuses = ", ".join(f"{number} × {status}" for status, number in sorted(answered.items()))
    print(f"{answered.total()} requests answered: {statuses}", flush=True)
    print(fuzz_parsers(findings, max(1.0, seconds - (time.monotonic() - began))), flush=True)
    print(f"{failures} answers of the status 5xx, {len(findings.places)} findings, in {time.monotonic() - began:.0f} s")
    return 1 if failures or findings.places else 0


if __name__ == "__main__":
    sys.exit(main())
