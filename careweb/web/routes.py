"""The site map."""

from starlette.routing import Route

from careweb.web import (
    answering,
    asking,
    board,
    coming_in,
    coordinating,
    demo,
    following,
    health,
    language,
    start,
    static,
    volunteering,
)
from careweb.web.visits import FORM, door
from careweb.web.volunteering import OFFER_FIELDS

POST = ("POST",)

ROUTES = [
    # Everyone
    door("/", start.home, reads=True),
    door("/help", start.help_page, reads=True),
    door("/privacy", start.privacy, reads=True),
    door("/g/{slug}", start.group, reads=True),
    # Asking
    door("/g/{slug}/ask", asking.ask, FORM, reads=True, first=asking.hash_code_first),
    door("/need/{need_id:uuid}", following.need, reads=True),
    door("/need/{need_id:uuid}/change", following.change, FORM),
    door("/need/{need_id:uuid}/renew", following.renew, POST),
    door("/need/{need_id:uuid}/language", following.allow_language, POST),
    door("/need/{need_id:uuid}/withdraw", following.withdraw, FORM),
    door("/need/{need_id:uuid}/erase", following.erase, FORM),
    door("/need/{need_id:uuid}/done", following.done, POST),
    door("/need/{need_id:uuid}/matches/{match_id:uuid}/choose", following.choose, POST),
    door("/need/{need_id:uuid}/matches/{match_id:uuid}/missed", following.missed, POST),
    door("/need/{need_id:uuid}/matches/{match_id:uuid}/note", following.write_note, POST),
    # Offering
    door("/g/{slug}/offer", volunteering.offer, FORM, most_fields=OFFER_FIELDS),
    door("/me", volunteering.me),
    door("/me/pace", volunteering.set_pace, POST),
    door("/me/rest", volunteering.rest, POST),
    door("/me/resume", volunteering.resume, POST),
    door("/me/hear", volunteering.hear_again, POST),
    door("/me/remove", volunteering.remove, FORM),
    door("/me/offers/{offer_id:uuid}", volunteering.change_offer, FORM, most_fields=OFFER_FIELDS),
    door("/me/offers/{offer_id:uuid}/end", volunteering.end_offer, POST),
    door("/me/offers/{offer_id:uuid}/on", volunteering.switch_on, POST),
    door("/task/{match_id:uuid}", answering.task),
    door("/task/{match_id:uuid}/done", answering.task_done, POST),
    door("/task/{match_id:uuid}/cannot", answering.task_cannot, FORM),
    door("/task/{match_id:uuid}/note", answering.task_note, POST),
    # Links in messages, and coming in
    door("/n/{token}", coming_in.need_link, FORM),
    door("/a/{token}", answering.answer, FORM),
    door("/s/{token}", coming_in.sign_in_link, FORM),
    door("/c/{token}", coming_in.confirm_link, FORM),
    door("/stop/{token}", coming_in.stop_link, FORM, own_forms_only=False),
    door("/find", coming_in.find, FORM, first=coming_in.try_code_first),
    door("/sign-in", coming_in.sign_in, FORM),
    door("/sign-in/{sign_in_id:uuid}", coming_in.sign_in_code, FORM),
    door("/sign-out", coming_in.sign_out, POST),
    # Coordinating
    door("/staff/{slug}", board.board, reads=True),
    door("/staff/{slug}/map.svg", board.board_map, reads=True),
    door("/staff/{slug}/needs", board.needs),
    door("/staff/{slug}/recruiting", board.recruiting, reads=True),
    door("/staff/{slug}/needs/{need_id:uuid}", coordinating.need),
    door("/staff/{slug}/needs/{need_id:uuid}/widen", coordinating.widen, POST),
    door("/staff/{slug}/needs/{need_id:uuid}/again", coordinating.ask_again, POST),
    door("/staff/{slug}/needs/{need_id:uuid}/close", coordinating.close, POST),
    door("/staff/{slug}/needs/{need_id:uuid}/change", coordinating.change, FORM),
    door("/staff/{slug}/post", coordinating.post_for_caller, FORM, first=asking.hash_code_first),
    door("/staff/{slug}/calls", coordinating.calls),
    door("/staff/{slug}/calls/{need_id:uuid}", coordinating.called, POST),
    door("/staff/{slug}/calls/{need_id:uuid}/yes", coordinating.said_yes, POST),
    door("/staff/{slug}/people", coordinating.people),
    door("/staff/{slug}/people/{member_id:uuid}/admit", coordinating.admit, POST),
    door("/staff/{slug}/people/{member_id:uuid}/suspend", coordinating.suspend, POST),
    # The demonstration
    door("/demo", demo.demo),
    door("/demo/{message}", demo.message),
    door("/demo/sign-in", demo.sign_in_as, POST),
    door("/demo/sign-in/{sign_in_id:uuid}", demo.message_of_sign_in),
    # The machine room
    door("/language", language.choose_language, POST, own_forms_only=False),
    Route("/static/{name}", static.static_file),
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", health.metrics),
]
