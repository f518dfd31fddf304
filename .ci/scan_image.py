#!/usr/bin/env python3
"""Looks into a container image, as `docker save` writes it, for what must not be there. Needs Python only.

    docker save --output image.tar digits-service
    .ci/scan_image.py image.tar

It prints a line for each fault, and ends with the status 1 if there is one. It knows no list of vulnerabilities: the
packages are those of requirements.txt, which `make audit` checks.
"""

import argparse
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

MOST_BYTES = 800_000_000
"""Bytes of all files together."""

LARGEST_TEXT = 500_000
"""Bytes up to which a file is searched for secrets; larger ones are libraries and data."""

TOP = {"app", "etc", "lib", "lib64", "tmp", "usr", "venv"}
"""What the root has; everything else was not meant to be there."""

ETC = {"group", "ld.so.cache", "ld.so.conf", "passwd"}
"""What /etc has."""

PROGRAMS = re.compile(r"usr/local/bin/python[0-9.]*|venv/bin/[^/]+|.*\.so(\.[0-9]+)*|(usr/local|venv)/lib/.*\.py")
"""Paths of files that may be executable: Python, scripts and modules of its packages, and libraries."""

TOOLS = re.compile(
    r"(ba|da|z|k|c|fi)?sh|busybox|toybox|apt(-get)?|dpkg|apk|rpm|pip[0-9.]*|uv|gcc|g\+\+|cc|c\+\+|ld|as|clang|make|perl|curl|wget"
    r"|nc|ncat|git|ssh|scp|su|sudo|mount|gdb|strace"
)
"""Names of programs with which somebody could go on who got in: shells, package managers, compilers, downloaders."""

INSTALLERS = re.compile(r"(^|/)(site-packages|dist-packages)/(pip|setuptools|wheel)/|(^|/)ensurepip/")
"""Packages that install packages."""

PRIVATE = re.compile(
    r"(^|/)(\.env[^/]*|\.git|\.gitconfig|\.netrc|\.npmrc|\.pypirc|\.docker|\.aws|\.ssh|\.gnupg|\.bash_history|\.python_history"
    r"|id_(rsa|dsa|ecdsa|ed25519)|credentials|pip\.conf|uv\.toml|[^/]*\.(key|p12|pfx|jks|kdbx))(/|$)"
)
"""Paths of files that hold secrets, or tell about the machine that built the image."""

LEFTOVERS = re.compile(
    r"(^|/)(\.cache|\.pytest_cache|\.mypy_cache|node_modules)(/|$)|^(var/(cache|lib/apt|log)|root)/."
)
"""Paths of what building and testing leave behind."""

SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    rb"|\bglpat-[A-Za-z0-9_-]{20}\b|\bxox[abpr]-[A-Za-z0-9-]{20,}|\bpypi-AgE[A-Za-z0-9_-]{50,}"
    rb"|\b(?:https?|ftp)://(?!user)[^\s/:@\"'<>{}$%]+:(?!pass)[^\s/:@\"'<>{}$%]+@[a-z0-9.-]+"
)
"""Private keys, tokens of well-known services, and addresses with a password that is no example of one."""

SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)
"""Names of variables that hold secrets."""


@dataclass(frozen=True)
class Image:
    """The configuration of an image, and its files by path, without a slash at the beginning.

    `contents` has those that are small enough to be searched.
    """

    config: dict[str, Any]
    files: dict[str, tarfile.TarInfo]
    contents: dict[str, bytes]


def read_image(path: Path) -> Image:
    """An image in the archive that `docker save` writes; upper layers replace and remove files of lower ones."""
    files: dict[str, tarfile.TarInfo] = {}
    contents: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        (manifest,) = json.load(_open(archive, "manifest.json"))
        config = json.load(_open(archive, manifest["Config"]))
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=_open(archive, layer)) as members:
                for member in members:
                    _apply(member, members, files, contents)
    return Image(config, files, contents)


def _open(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - a binary file
    found = archive.extractfile(name)
    if found is None:
        sys.exit(f"{name} is no file of the archive; write it by `docker save`.")
    return found


def _apply(
    member: tarfile.TarInfo, layer: tarfile.TarFile, files: dict[str, tarfile.TarInfo], contents: dict[str, bytes]
) -> None:
    """Put a member of a layer into the image, or remove what it stands for (OCI image specification, whiteouts)."""
    path = str(PurePosixPath(member.name.lstrip("/")))
    folder, name = str(PurePosixPath(path).parent), PurePosixPath(path).name
    if name == ".wh..wh..opq":
        _remove(folder, files)
    elif name.startswith(".wh."):
        gone = str(PurePosixPath(folder) / name.removeprefix(".wh."))
        _remove(gone, files)
        files.pop(gone, None)
    elif path != ".":
        files[path] = member
        if member.isfile() and member.size <= LARGEST_TEXT:
            content = layer.extractfile(member)
            contents[path] = content.read() if content else b""


def _remove(folder: str, files: dict[str, tarfile.TarInfo]) -> None:
    for path in [one for one in files if one.startswith(f"{folder}/")]:
        del files[path]


def find_faults(image: Image) -> Iterator[str]:
    """Sentences about everything that must not be as it is."""
    yield from check_config(image)
    for path, member in image.files.items():
        yield from check_path(path)
        yield from check_mode(path, member)
        if path in image.contents and (found := SECRETS.search(image.contents[path])):
            yield f"{path} holds what looks like a secret: {found[0][:16].decode(errors='replace')}…"
    size = sum(member.size for member in image.files.values() if member.isfile())
    if size > MOST_BYTES:
        yield f"the files have {size:,} bytes, more than {MOST_BYTES:,}"


def check_config(image: Image) -> Iterator[str]:
    """Faults of the user, of the programs that are started, and of variables."""
    config = image.config["config"]
    if not re.fullmatch(r"[1-9][0-9]*(:[1-9][0-9]*)?", config.get("User", "")):
        yield f"the user is {config.get('User', '')!r}; it must be a number other than 0, which Kubernetes can check"
    health = (config.get("Healthcheck") or {}).get("Test") or []
    if health[:1] != ["CMD"]:
        yield "the health check needs a shell, or there is none"
    for command in (config.get("Entrypoint") or [""], health[1:] or [""]):
        yield from check_program(command[0], config, image)
    for variable in config.get("Env") or []:
        name, _, value = variable.partition("=")
        if SECRET_NAME.search(name) or SECRETS.search(value.encode()):
            yield f"the variable {name} looks like a secret"
    for step in image.config.get("history") or []:
        if SECRETS.search(step.get("created_by", "").encode()):
            yield "a step of the build shows a secret"


def check_program(name: str, config: dict[str, Any], image: Image) -> Iterator[str]:
    """Faults of a program that is started by its name."""
    variables = dict(one.split("=", 1) for one in config.get("Env") or [])
    places = [f"{folder}/{name}".lstrip("/") for folder in variables.get("PATH", "").split(":")]
    if TOOLS.fullmatch(PurePosixPath(name).name):
        yield f"{name} is started, which is a shell or a tool"
    elif not any(place in image.files for place in [name.lstrip("/"), *places]):
        yield f"{name or 'nothing'} is started, which is not in the image"


def check_path(path: str) -> Iterator[str]:
    """Faults of a name."""
    parts = PurePosixPath(path).parts
    if parts[0] not in TOP or (parts[0] == "etc" and len(parts) > 1 and parts[1] not in ETC):
        yield f"{path} was not expected"
    if parts[0] == "tmp" and len(parts) > 1:
        yield f"{path} was left in the temporary directory"
    if len(parts) > 1 and parts[-2] in ("bin", "sbin") and TOOLS.fullmatch(parts[-1]):
        yield f"{path} is a shell or a tool"
    if INSTALLERS.search(path):
        yield f"{path} can install packages"
    if PRIVATE.search(path):
        yield f"{path} may hold secrets"
    if LEFTOVERS.search(path):
        yield f"{path} is a leftover"


def check_mode(path: str, member: tarfile.TarInfo) -> Iterator[str]:
    """Faults of permissions and kinds."""
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        yield f"{path} is a device or a pipe"
    if member.mode & 0o6000:
        yield f"{path} gives its user the rights of another (setuid, setgid)"
    if member.mode & 0o002 and not member.issym() and not (path == "tmp" and member.mode & 0o1000):
        yield f"{path} can be written by everybody"
    if member.uid or member.gid:
        yield f"{path} belongs to {member.uid}:{member.gid}, and not to root, so a process may change it"
    if member.isfile() and member.mode & 0o111 and not PROGRAMS.fullmatch(path):
        yield f"{path} is a program that was not expected"


def main() -> int:
    """Scan the image that is named, and return the exit code."""
    parser = argparse.ArgumentParser(description="Looks into a container image for what must not be there.")
    parser.add_argument("archive", type=Path, help="what `docker save` wrote")
    image = read_image(parser.parse_args().archive)
    faults = sorted(set(find_faults(image)))
    for fault in faults:
        print(fault, file=sys.stderr)
    size = sum(member.size for member in image.files.values() if member.isfile())
    print(f"{len(image.files):,} files and folders, {size:,} bytes, {len(faults)} faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
