"""One parser under atheris: mutations that reach new code are kept and mutated further.

    python -m tests.fuzz.coverage TARGET SECONDS

An exception that is not documented ends it with the input, and a status other than 0.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["service", "digits_client"], enable_loader_override=False):
    from tests.fuzz.targets import TARGETS


def main(name: str, seconds: str) -> None:
    """Run a target for so many seconds."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / str(number)).write_bytes(seed)
        words.write_text("".join(f'"{escape(token)}"\n' for token in target.tokens if len(token) < 64), "ascii")
        options = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={folder}/", "-max_len=4096"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], target.run)
        atheris.Fuzz()


def escape(token: bytes) -> str:
    """A token as a dictionary of libFuzzer has it."""
    return "".join(f"\\x{byte:02x}" for byte in token)


if __name__ == "__main__":
    main(*sys.argv[1:])
