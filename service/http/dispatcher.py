"""The dispatcher: from the path of a request to its ApiRoute, without the framework's way through every route."""

from collections.abc import Sequence

from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from service.http.problems import find_route_path
from service.http.route import ApiRoute


class Dispatcher:
    """An ASGI application that lets the first ApiRoute that fits answer, and a router all other requests.

    The last part of a path leaves few routes to try. The router does the same in five times the time: it asks every
    route for a new scope, and passes through two more coroutines.
    """

    def __init__(self, router: Router) -> None:
        """Dispatch to the routes of `router`."""
        self.router = router
        routes = [route for route in router.routes if isinstance(route, ApiRoute)]
        self.others = [route for route in routes if ends_in_parameter(route)]
        self.by_name = {name: find_candidates(name, routes) for name in map(find_last_part, routes)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a route answer."""
        if scope["type"] == "http":
            path = find_route_path(scope)
            for route in self.by_name.get(path[path.rfind("/") + 1 :], self.others):
                if path.endswith(route.ending) and (found := route.path_regex.match(path)):
                    if scope["method"] not in route.accepted:
                        continue  # the next one may take it
                    scope["route"], scope["path_params"] = route, found.groupdict()
                    await route.answer(scope, receive, send)
                    return
        await self.router(scope, receive, send)


def find_last_part(route: ApiRoute) -> str:
    """The last part of a route's path."""
    return route.path.rpartition("/")[2]


def ends_in_parameter(route: ApiRoute) -> bool:
    """Whether the last part of a route's path depends on a parameter."""
    return "}" in find_last_part(route)


def find_candidates(name: str, routes: Sequence[ApiRoute]) -> list[ApiRoute]:
    """The routes that may fit a path whose last part is `name`, in their order."""
    return [route for route in routes if ends_in_parameter(route) or find_last_part(route) == name]
