#!/usr/bin/env python3
"""Prints the bill of materials of the image: what is locked, with digests and licences, and what is shipped besides.

The form is CycloneDX 1.6 as JSON, checked against its schema. It is a pure function of the checkout and of the licences
in the environment: no time, no random number.
"""

import hashlib
import re
import sys
import uuid
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.markers import Marker

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from service import __version__  # noqa: E402 - of the checkout, wherever this is called
from service.api.operations import read_docs_file  # noqa: E402
from service.datasets import SOURCES  # noqa: E402

LOCK = ROOT / "requirements.txt"

CLIENT_ONLY = {"filelock", "urllib3"}
"""What the lock has for the Python client only."""

PIN = re.compile(
    r"^([a-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\\n]*))?((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})*)", re.MULTILINE
)
"""A package in the lock: name, version, condition, digests of its files."""

BASE, PYTHON, BASE_DIGEST = re.findall(
    r"^FROM (python:([0-9.]+)-slim)@sha256:([0-9a-f]{64})",
    (ROOT / "Dockerfile").read_text(encoding="utf-8"),
    re.MULTILINE,
)[0]
"""The image from which the Dockerfile takes Python and the system's libraries."""

ENVIRONMENT = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "os_name": "posix",
    "platform_system": "Linux",
    "sys_platform": "linux",
}
"""Where the image runs, as conditions of the lock ask for it; the machine is that of whoever calls this."""

SWAGGER_UI = re.compile(rb'PACKAGE_VERSION:"([0-9.]+)"')
"""Where its script tells the version."""

FONTS = {
    "ibm-plex-mono": ("IBM Plex Mono", "ibm-plex-mono-*.woff2"),
    "ibm-plex-sans": ("IBM Plex Sans", "ibm-plex-sans-*.woff2"),
}
"""Families of fonts that the explorer ships, under the SIL Open Font License."""


LICENCES = LicenseFactory()

KNOWN = {
    "CC BY-SA 3.0": "CC-BY-SA-3.0",
    "CC BY 4.0": "CC-BY-4.0",
}
"""SPDX identifiers of the licences that cards name."""

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD License",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""SPDX identifiers of classifiers that tell them, for packages whose metadata has no expression (PEP 639)."""


def build() -> Bom:
    """The bill of materials."""
    bom = Bom()
    bom.metadata.timestamp = None  # type: ignore[assignment] # which would differ each time
    bom.metadata.tools.components.clear()
    service = Component(
        type=ComponentType.APPLICATION,
        name="digits-service",
        version=__version__,
        bom_ref="digits-service",
        licenses=[LICENCES.make_from_string("MIT")],
    )
    bom.metadata.component = service
    parts = [*list_packages(), describe_base(), describe_swagger_ui(), *list_fonts(), *list_data()]
    bom.components.update(parts)
    bom.register_dependency(service, parts)
    names = sorted(f"{one.name} {one.version} {[*one.hashes]}" for one in parts)
    digest = hashlib.sha256(repr(names).encode() + LOCK.read_bytes()).hexdigest()
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"digits-service {__version__} {digest}")
    return bom


def list_packages() -> Iterator[Component]:
    """The packages of the lock that an image may have."""
    for name, version, condition, digests in PIN.findall(LOCK.read_text(encoding="utf-8")):
        if name in CLIENT_ONLY or (condition and not Marker(condition).evaluate(ENVIRONMENT)):
            continue
        found = re.findall(r"sha256:([0-9a-f]{64})", digests)
        files = ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"pkg:pypi/{name}@{version}"),
            comment="the files of this version, of which one is installed",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in found],
        )
        url = PackageURL("pypi", None, name, version)
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            bom_ref=str(url),
            purl=url,
            licenses=[licence] if (licence := find_licence(name)) else [],
            external_references=[files],
        )


def find_licence(name: str) -> License | None:
    """The licence that a package declares; None where it is not installed, or declares none."""
    try:
        facts: Message = metadata(name)  # type: ignore[assignment] # which it is
    except PackageNotFoundError:
        return None
    declared = facts.get("License-Expression") or (facts.get("License") or "").strip()
    if not declared or "\n" in declared or len(declared) > 100:  # the text of a licence
        known = [CLASSIFIERS[one] for one in facts.get_all("Classifier", []) if one in CLASSIFIERS]
        declared = known[0] if known else ""
    if not declared:
        return None
    return LICENCES.make_from_string(declared, license_acknowledgement=LicenseAcknowledgement.DECLARED)


def describe_base() -> Component:
    """The base image."""
    return Component(
        type=ComponentType.CONTAINER,
        name="python",
        version=BASE.partition(":")[2],
        description="the base image: CPython and the libraries of Debian that the packages are linked with",
        bom_ref="base-image",
        licenses=[LICENCES.make_from_string("PSF-2.0")],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=BASE_DIGEST)],
    )


def describe_swagger_ui() -> Component:
    """Swagger UI, which comes inside of a package."""
    content = read_docs_file("swagger-ui-bundle.js").content
    found = SWAGGER_UI.search(content)
    version = found[1].decode() if found else None
    url = PackageURL("npm", None, "swagger-ui-dist", version)
    return Component(
        type=ComponentType.LIBRARY,
        name="swagger-ui-dist",
        version=version,
        description="the page /docs; comes with fastapi-swagger",
        bom_ref=str(url),
        purl=url,
        licenses=[LICENCES.make_from_string("Apache-2.0")],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())],
    )


def list_fonts() -> Iterator[Component]:
    """The fonts of the explorer."""
    folder = ROOT / "service" / "explorer" / "fonts"
    for name, (title, pattern) in FONTS.items():
        files = sorted(folder.glob(pattern))
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            description=f"{title}: " + ", ".join(file.name for file in files),
            bom_ref=name,
            licenses=[LICENCES.make_from_string("OFL-1.1")],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=_digest(files))],
        )


def list_data() -> Iterator[Component]:
    """The datasets."""
    for source in SOURCES:
        card = source.card
        yield Component(
            type=ComponentType.DATA,
            name=card.name,
            description=card.title,
            bom_ref=f"data-{card.name}",
            licenses=[LICENCES.make_from_string(KNOWN.get(card.licence.name, card.licence.name))],
            copyright=card.licence.note,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=card.digest)],
        )


def _digest(files: list[Path]) -> str:
    """SHA-256 (hex) of files one after the other."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def main() -> int:
    """Print the bill of materials if it fits its schema."""
    text = JsonV1Dot6(build()).output_as_string(indent=1)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        print(f"The bill of materials does not fit its schema: {fault}", file=sys.stderr)
        return 1
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
