"""The lifecycle of a server: whether it is ready, draining or stopping. Knows neither sockets nor routes."""

from collections.abc import Callable

from service.http.problems import Overloaded


class Lifecycle:
    """What a server and its application have to know of one another when the server stops.

    - *Ready*: the state at first.
    - *Draining*: the server has been told to stop. It still answers everything, but says that it is not ready, so that
      nobody sends new clients.
    - *Stopping*: the server takes no more connections. Answers under way are finished; work that has not begun is not.
    """

    def __init__(self) -> None:
        """Begin in the state *ready*."""
        self._ready = True
        self._stopping = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def ready(self) -> bool:
        """Whether new requests are welcome."""
        return self._ready

    @property
    def stopping(self) -> bool:
        """Whether work that has not begun is to be refused."""
        return self._stopping

    def check_ready(self) -> None:
        """Refuse a request that asks whether the service is ready.

        Raises:
            Overloaded: the server has been told to stop.
        """
        if not self._ready:
            raise Overloaded("The service is stopping; ask another replica, or this one when it has started again.")

    def when_stopping(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when the state *stopping* begins, on the event loop."""
        self._callbacks.append(callback)

    def drain(self) -> None:
        """Begin the state *draining*; a signal handler may call it."""
        self._ready = False

    def stop(self) -> None:
        """Begin the state *stopping*, and call the callbacks; later calls do nothing."""
        self._ready = False
        if not self._stopping:
            self._stopping = True
            for callback in self._callbacks:
                callback()
