"""What may be asked of documents: whether they come as JSON or as a page, and of which data."""

from service.api.named_types import DocumentFormatName
from service.http.parameters import Parameters, RevisionQuery


class DocumentQuery(Parameters):
    """A document about the service itself."""

    format: DocumentFormatName | None = None


class CardQuery(RevisionQuery):
    """A document about data."""

    format: DocumentFormatName | None = None
