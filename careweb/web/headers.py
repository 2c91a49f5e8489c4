"""What every response says to browsers, and what the pages with a script of ours say instead."""

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
# this phone. No other page has a script, but those that say SCRIPTED.
SENSITIVE = frozenset({
    "needs/ask.html", "needs/change.html", "needs/erase.html", "needs/posted.html", "needs/privacy.html", "needs/status.html",
    "needs/withdraw.html", "reviews/mine.html", "reviews/opened.html", "reviews/report.html",
    "asks/answer.html", "asks/answered.html", "asks/cannot.html", "asks/task.html", "members/me.html", "members/remove.html",
    "signin/find.html",
})  # fmt: skip
