"""Pages about the data: the facts of the cards for people, with pictures and links. Read no header, load nothing."""

from service.http.pages import Pages

PAGES = Pages(__name__)
"""The templates of these pages."""
