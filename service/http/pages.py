"""Pages for people: HTML from templates that escape every value, in the look of the explorer. Knows no dataset."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import jinja2
from markupsafe import Markup, escape

from service.package import read_file, read_record

MEDIA_TYPE = "text/html; charset=utf-8"
"""The media type of a page."""

SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of a page: nothing from elsewhere, and nothing inline, so that no text can become code."""


def secure(policy: str) -> Mapping[str, str]:
    """The headers of a page with this Content-Security-Policy.

    The page tells nobody where its reader comes from, shares no window with pages of others, and asks for no device.
    """
    return MappingProxyType(
        {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }
    )


HEADERS = secure(SECURITY)
"""Headers of every page that is made of a template."""

FOR_A_MINUTE = "public, max-age=60"
"""Pages, scripts and styles of one release belong together, so no cache may keep one much longer than the others."""

TEMPLATES = f"jinja2 {jinja2.__version__}"
"""The library that decides the bytes of a page, as part of entity tags."""


class Pages:
    """The templates of a package, on top of those that all pages share (`frame.html`, and macros for facts)."""

    def __init__(self, package: str) -> None:
        """Find templates in the folder `templates` of `package`."""
        self._package = package

    @cached_property
    def _environment(self) -> jinja2.Environment:
        folders = dict.fromkeys((self._package, str(__package__)))
        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.DictLoader(read_templates(folder)) for folder in folders]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= {"number": "{:,}".format, "code": mark_code}
        return environment

    def prepare(self) -> None:
        """Read and compile every template, so that no answer waits for it or finds another file.

        Raises:
            DamagedData: one is not the file of this release.
        """
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def render(self, template: str, /, *, root: str, **values: object) -> bytes:
        """A page of `values`; `root` is the path under which a proxy shows the service.

        Raises:
            jinja2.UndefinedError: the template names a value that is not given.
        """
        return self._environment.get_template(template).render(root=root, **values).encode()


def read_templates(package: str) -> dict[str, str]:
    """The templates in the folder `templates` of a package of the service, by name.

    Raises:
        DamagedData: one is not the file of this release.
    """
    folder = package.removeprefix("service.").replace(".", "/") + "/templates/"
    names = [name for name in read_record() if name.startswith(folder)]
    return {name.removeprefix(folder): read_file(name).decode() for name in names}


def mark_code(text: str) -> Markup:
    """A text with what stands in backquotes as `<code>`, and everything escaped."""
    parts = [escape(part) for part in text.split("`")]
    return Markup().join(Markup("<code>{}</code>").format(part) if odd % 2 else part for odd, part in enumerate(parts))


PROBLEM_PAGES = Pages(__package__)
"""The page of a problem."""
