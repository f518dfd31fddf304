"""Headers of answers beside those that all have, as the OpenAPI document describes them."""

from service.http.route import Headers

TOTAL: Headers = {"Total-Count": ("Samples of all pages together.", "integer")}
"""Headers of an answer that lists samples."""

PAGED: Headers = {"Link": ("Pages: self, first, prev, next, last (RFC 8288).", "string"), **TOTAL}
"""Headers of an answer that is one page of several."""

EPOCH: Headers = {"Epoch-Samples": ("N: samples in the epoch.", "integer")}
"""Headers of an answer about an epoch."""

EPOCH_STEPS: Headers = {
    **EPOCH,
    "Epoch-Steps": ("Steps from `start` to the end of the epoch that `stride` takes.", "integer"),
    "Next-Start": ("`start` of the request that goes on.", "integer"),
    "Valid-Rows": ("This rank's real rows in the whole answer.", "integer"),
    "Link": ("`next`: the request that goes on; absent on the last (RFC 8288).", "string"),
}
"""Headers of training batches."""

LICENCE: Headers = {"Link": ("`license`: the terms of the data (RFC 8288).", "string")}
"""Headers of a card."""
