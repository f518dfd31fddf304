"""The JavaScript module as an npm package: a tar file in a gzip file, the same bytes from every replica.

npm writes the SHA-512 of a package that it installs into a lock file, and refuses other bytes later. So nothing here
depends on a clock, a user, or the version of a compression library: the gzip file stores its content.
"""

import io
import json
import struct
import tarfile
import zlib
from collections.abc import Iterator

from service import __version__

MEDIA_TYPE = "application/gzip"
"""RFC 6713."""

NAME = "digits-client"
"""The name by which programs import the module."""

PACKED_AT = 499_162_500
"""Modification time of every file, in seconds since 1970: 26 October 1985, which npm itself writes into packages."""

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""A gzip member (RFC 1952): deflate, no flags, no time, unknown operating system."""

LARGEST_BLOCK = 65_535
"""Bytes of a stored block (RFC 1951, section 3.2.4)."""

README = f"""# {NAME}

The digits service from JavaScript: in pages, in workers, in Node 20 and newer.

    import {{ connect }} from "{NAME}";
    const service = connect("https://…"); // the address of the service
    const pixels = await service.pixels("mnist/train", 0, 1); // Uint8Array of 784

The service from which this package was installed explains its interface at `/docs`, and every type in `client.d.ts`.
"""


def build_package(module: bytes, types: bytes) -> bytes:
    """The package of a module and its types, as `npm install` takes it."""
    files = {
        "package.json": describe_package(),
        "README.md": README.encode(),
        "client.js": module,
        "client.d.ts": types,
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")  # npm removes the first folder, whatever its name
            entry.size, entry.mtime = len(content), PACKED_AT
            writer.addfile(entry, io.BytesIO(content))
    return store_gzip(archive.getvalue())


def describe_package() -> bytes:
    """The file `package.json`."""
    facts = {
        "name": NAME,
        "version": __version__,
        "description": "MNIST and scikit-learn's digits over HTTP: rows, pictures, training batches.",
        "license": "MIT",
        "type": "module",
        "exports": {".": {"types": "./client.d.ts", "default": "./client.js"}, "./package.json": "./package.json"},
        "types": "./client.d.ts",
        "sideEffects": False,
        "engines": {"node": ">=20"},
    }
    return json.dumps(facts, indent=2).encode() + b"\n"


def store_gzip(content: bytes) -> bytes:
    """A gzip file that stores its content without compression (RFC 1951, section 3.2.4; RFC 1952)."""
    return b"".join([HEADER, *_store_blocks(content), struct.pack("<II", zlib.crc32(content), len(content))])


def _store_blocks(content: bytes) -> Iterator[bytes]:
    for start in range(0, max(1, len(content)), LARGEST_BLOCK):
        block = content[start : start + LARGEST_BLOCK]
        is_last = start + LARGEST_BLOCK >= len(content)
        yield struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block
