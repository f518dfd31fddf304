"""Which paths need no key where clients need keys: those without data. Every other path, known or not, needs one."""

HEALTH = frozenset({"/livez", "/readyz"})
"""What orchestrators and proxies ask, who have no key; it is never refused or limited."""

METRICS = "/metrics"
"""What is open by a setting only."""

DESCRIPTIONS = frozenset(
    {"/docs", "/openapi.json", "/problems", "/client.js", "/client.d.ts", "/client.tgz", "/explorer/index.html"}
)
"""What is the same everywhere, and tells how to use the service."""

FOLDERS = ("/docs/", "/explorer/", "/problems/")
"""Where there are such files and pages alone."""


def is_health(path: str) -> bool:
    """Whether a path, without the root path, tells how the service is."""
    return path in HEALTH


def is_open(path: str, *, open_metrics: bool = False) -> bool:
    """Whether a path, without the root path, needs no key."""
    if path == METRICS:
        return open_metrics
    return path in HEALTH or path in DESCRIPTIONS or path.startswith(FOLDERS)
