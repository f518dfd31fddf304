"""Serves as `python -m service serve`, and writes a line for each module that is imported and file that is opened.

    python -m tests.recorded LOG ARGUMENTS

What C libraries open without Python is not seen.
"""

import json
import os
import sys

RECORDED = ("import", "open", "os.listdir", "os.scandir", "ctypes.dlopen")
"""Audit events whose first argument names the module, the file or the folder."""


def record_to(log: str) -> None:
    """Begin to append events, with the name of the module or file, to the file `log`."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(event: str, arguments: tuple[object, ...]) -> None:
        if event in RECORDED:
            os.write(descriptor, json.dumps([event, str(arguments[0])]).encode() + b"\n")

    sys.addaudithook(record)


if __name__ == "__main__":
    record_to(sys.argv[1])
    from service.__main__ import main

    sys.exit(main(sys.argv[2:]))
