"""Three cookies, none readable by scripts: the session, the browser (forms are bound to it), the chosen language."""

import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

SESSION = "session"
BROWSER = "browser"
LANGUAGE = "language"
_YEAR = 365 * 24 * 3600


def cookie_name(name: str, *, secure: bool) -> str:
    """The __Host- prefix keeps neighbours on the same domain from planting a cookie; it needs https."""
    return f"__Host-careweb-{name}" if secure else f"careweb-{name}"


def read_cookie(request: Request, name: str) -> str:
    return request.cookies.get(cookie_name(name, secure=request.app.state.settings.secure), "")


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int = _YEAR) -> None:
    secure = request.app.state.settings.secure
    response.set_cookie(
        cookie_name(name, secure=secure), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    set_cookie(request, response, name, "", 0)


def form_token(browser: str) -> str:
    """Bound to one browser; different each time, so that compression gives nothing away about it."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_seal(browser, salt)}"


def token_fits(browser: str, token: str) -> bool:
    salt, _, seal = token.partition(".")
    return bool(browser) and hmac.compare_digest(seal.encode(), _seal(browser, salt).encode())


def _seal(browser: str, salt: str) -> str:
    return hmac.digest(browser.encode(), f"form {salt}".encode(), hashlib.sha256).hex()[:32]
