"""What every response says to browsers, and what the pages with a script of ours say instead."""

from careweb.config import Settings

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "permissions-policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
SAID_BY_PAGE = "content-security-policy"
SCRIPTED = {SAID_BY_PAGE: HEADERS[SAID_BY_PAGE] + "; script-src 'self'"}
KEEPING = {SAID_BY_PAGE: SCRIPTED[SAID_BY_PAGE] + "; connect-src 'self'; worker-src 'self'"}

# Pages that somebody else should not find open: each has "Leave this page", and the script that forgets what was kept on
# this phone. No other page has a script. Those that say SCRIPTED have one more, and it asks for less.
SENSITIVE = frozenset({
    "needs/ask.html", "needs/change.html", "needs/erase.html", "needs/erased.html", "needs/posted.html", "needs/privacy.html",
    "needs/status.html", "needs/withdraw.html", "places/where.html",
    "reviews/mine.html", "reviews/opened.html", "reviews/report.html",
    "asks/answer.html", "asks/answered.html", "asks/cannot.html", "asks/task.html", "offers/offer.html",
    "members/channels.html", "members/me.html", "members/remove.html", "members/removed.html",
    "signin/code.html", "signin/find.html", "signin/link.html",
    "second/app.html", "second/codes.html", "second/own.html", "second/passkey.html", "second/show.html",
    "board/ask_contact.html", "board/board.html", "board/calls.html", "board/change.html", "board/colleagues.html",
    "board/contact.html", "board/need.html", "board/needs.html", "board/openings.html", "board/people.html", "board/post.html",
    "board/recruiting.html", "board/review.html", "board/reviews.html",
})  # fmt: skip


def headers_of(settings: Settings) -> dict[str, str]:
    if not settings.secure:
        return HEADERS
    return HEADERS | {"strict-transport-security": "max-age=31536000; includeSubDomains"}
