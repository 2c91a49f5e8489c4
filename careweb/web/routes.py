"""The site map."""

from starlette.routing import Route

from careweb.web import asking, health, language, start, static
from careweb.web.visits import door

ROUTES = [
    door("/", start.home),
    door("/help", start.help_page),
    door("/privacy", start.privacy),
    door("/g/{slug}", start.group),
    door("/g/{slug}/ask", asking.ask, ["GET", "POST"]),
    Route("/language", language.choose_language, methods=["POST"]),
    Route("/static/{name}", static.static_file),
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", health.metrics),
]
