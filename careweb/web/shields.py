"""What every response carries, and which requests are refused before anything reads them."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from careweb.config import Settings
from careweb.web.headers import SAID_BY_PAGE, headers_of
from careweb.web.pages import error_page

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_FROM_NO_BROWSER = (
    "/stop/",  # one-click unsubscribe (RFC 8058): no browser, no origin; the token in the address decides
    "/texts",  # what a gateway brings; its signature decides
)


def hides_its_site(headers: Headers) -> bool:
    """Nothing says whose page this was sent from: a door without a token writes nothing then."""
    return not headers.get("sec-fetch-site") and headers.get("origin") == "null"


class SecurityHeaders:
    """On every response, errors included; a page that says nothing else is not kept by any cache."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = headers_of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    if name != SAID_BY_PAGE:
                        headers[name] = value
                headers.setdefault(SAID_BY_PAGE, self._headers[SAID_BY_PAGE])
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_shielded if scope["type"] == "http" else send)


class SameSiteOnly:
    """A request that changes something comes from our own pages, or not at all."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._public_host = urlsplit(settings.public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._fine(scope):
            await error_page(Request(scope), 403, "foreign")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _fine(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE or scope["path"].startswith(_FROM_NO_BROWSER):
            return True
        return self._ours(Headers(scope=scope))

    def _ours(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site:
            return site == "same-origin"
        origin = headers.get("origin", "")
        # Browsers too old for Sec-Fetch-Site say "null" where the referrer policy is no-referrer, as ours is: the
        # form's token, bound to a cookie of this browser, then decides alone. No origin at all is no browser.
        return hides_its_site(headers) or urlsplit(origin).netloc in {headers.get("host"), self._public_host} - {
            None,
            "",
        }
