"""The parts of an application that are made of its settings alone, and what metrics show of them.

One floor below the application. Knows neither routes nor data; nothing here has started yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from service import __version__
from service.data.card import Card
from service.formats.row_stores import RowStores
from service.http.admission import Admission
from service.http.encoder_pool import EncoderPool
from service.http.executor import Executor
from service.http.file_store import FileStore
from service.http.lifecycle import Lifecycle
from service.http.memory_budget import MemoryBudget
from service.http.metrics import Metrics
from service.http.response_cache import ResponseCache
from service.http.tracing import Tracing
from service.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the application, its server and its endpoints share."""

    settings: Settings
    metrics: Metrics
    lifecycle: Lifecycle
    admission: Admission
    responses: ResponseCache
    pool: EncoderPool
    files: FileStore
    row_stores: RowStores
    executor: Executor
    tracing: Tracing | None


def build_parts(settings: Settings, cards: Iterable[Card], *, release: str) -> Parts:
    """The parts for datasets of these cards, as the settings ask for them.

    `release` is what decides about bytes besides data and URL.
    """
    metrics, lifecycle = Metrics(), Lifecycle()
    responses = ResponseCache(capacity=settings.response_cache_bytes)
    pool = EncoderPool(
        threads=settings.encoder_threads,
        queue=settings.encoder_queue,
        budget=MemoryBudget(capacity=settings.answers_bytes, cached=settings.response_cache_bytes),
        patience=settings.encoder_wait_seconds,
    )
    lifecycle.when_stopping(pool.close)
    files = FileStore(capacity=settings.files_bytes, pool=pool, observe=partial(metrics.observe_build, "file"))
    return Parts(
        settings=settings,
        metrics=metrics,
        lifecycle=lifecycle,
        admission=Admission(queue=settings.queue_requests, seconds=settings.queue_seconds),
        responses=responses,
        pool=pool,
        files=files,
        row_stores=RowStores(
            [f"{card.name}/{split}" for card in cards for split in card.splits],
            capacity=settings.row_stores_bytes,
            observe=partial(metrics.observe_build, "rows"),
        ),
        executor=Executor(release=release, cache=responses, files=files, pool=pool),
        tracing=Tracing(version=__version__) if settings.traces else None,
    )


def show_parts(parts: Parts) -> None:
    """Show what the parts do, and whether requests are welcome."""
    metrics = parts.metrics
    metrics.tell("digits_build_info", "The release.", lambda: [{"version": __version__}])
    metrics.read("digits_requests_waiting", "Requests that wait for their turn.", lambda: parts.admission.waiting)
    metrics.read(
        "digits_ready",
        "Whether requests are welcome: the data is verified, and the service does not stop.",
        lambda: parts.lifecycle.ready,  # nobody can ask before the data is verified
    )
    _show_stores(parts)
    _show_pool(parts)


def show_data(metrics: Metrics, cards: Iterable[Card]) -> None:
    """Show which datasets are served, and their revisions."""
    facts = [{"dataset": card.name, "rev": card.rev} for card in cards]
    metrics.tell("digits_dataset_info", "The data.", lambda: facts)


def _show_stores(parts: Parts) -> None:
    """Show how much the stores hold and may hold, and how often the response cache had the answer."""
    metrics, settings = parts.metrics, parts.settings
    responses, files, row_stores = parts.responses, parts.files, parts.row_stores
    metrics.read("digits_files_bytes", "Bytes of built files.", lambda: files.size)
    metrics.read("digits_files_used_bytes", "Bytes of files that are kept, built or sent.", lambda: files.used)
    metrics.read("digits_row_stores_bytes", "Bytes of finished rows.", lambda: row_stores.size, common=True)
    metrics.read("digits_response_cache_bytes", "Bytes of finished answers in memory.", lambda: responses.size)
    metrics.read("digits_files_capacity_bytes", "DIGITS_FILES_BYTES.", lambda: settings.files_bytes)
    metrics.read(
        "digits_row_stores_capacity_bytes", "DIGITS_ROW_STORES_BYTES.", lambda: settings.row_stores_bytes, common=True
    )
    metrics.read(
        "digits_response_cache_capacity_bytes", "DIGITS_RESPONSE_CACHE_BYTES.", lambda: settings.response_cache_bytes
    )
    metrics.read("digits_response_cache_hits", "Requests answered from memory.", lambda: responses.hits, counts=True)
    metrics.read("digits_response_cache_misses", "Requests not found in memory.", lambda: responses.misses, counts=True)


def _show_pool(parts: Parts) -> None:
    """Show how much the pool has to do, and how much memory answers take."""
    metrics, settings, pool = parts.metrics, parts.settings, parts.pool
    metrics.read("digits_encoder_threads", "Threads for encodings.", lambda: settings.encoder_threads)
    metrics.read("digits_encoders_running", "Encodings under way.", lambda: pool.running)
    metrics.read("digits_encoders_waiting", "Encodings that wait for a thread.", lambda: pool.waiting)
    metrics.read("digits_encoders_refused", "Encodings refused.", lambda: pool.refused, counts=True)
    metrics.read("digits_encoders_abandoned", "Encodings whose clients left.", lambda: pool.abandoned, counts=True)
    metrics.read("digits_answers_bytes", "Bytes of answers being made, sent or kept.", lambda: pool.budget.used)
