"""Two datasets of handwritten digits in memory, served over HTTP: exact, instant, self-explaining."""

__version__ = "0.1.0"
"""Release of the service; part of every ETag, because encoders may change their bytes from release to release."""
