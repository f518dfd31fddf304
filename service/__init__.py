"""Two datasets of handwritten digits in memory, served over HTTP: exact, instant, self-explaining."""

__version__ = "1.0.0"
"""Release of the service; part of every ETag, because encoders may change their bytes from release to release."""

__released__ = "2026-11-29"
"""Date of the release (UTC): the `Last-Modified` of all data, because its bytes may change with a release."""
