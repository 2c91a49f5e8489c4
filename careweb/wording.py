"""What states, categories and choices are called, marked for translation; rendering looks them up by table."""

from collections.abc import Mapping


def N_(message: str) -> str:
    return message


CATEGORIES = {
    "groceries": N_("Groceries"),
    "meals": N_("A cooked meal"),
    "ride": N_("A ride"),
    "medicine": N_("Pick up medicine"),
    "translation": N_("Translation"),
    "forms": N_("Forms and letters"),
    "company": N_("Company, a visit"),
    "call": N_("A friendly call"),
    "appointment": N_("Come with me to an appointment"),
    "childcare": N_("Looking after children"),
    "household": N_("Small jobs at home"),
    "technology": N_("Phone or computer"),
}

URGENCIES = {
    "urgent": N_("Within 48 hours"),
    "medium": N_("This week"),
    "low": N_("No hurry"),
}

BANDS = {
    "same": N_("in the same area"),
    "near": N_("near: up to 10 km"),
    "far": N_("further: up to 50 km"),
    "wide": N_("far: more than 50 km"),
    "remote": N_("from anywhere"),
}

NEED_STATES = {
    "held": N_("Being reviewed"),
    "open": N_("Looking for someone"),
    "matched": N_("Someone said yes"),
    "met": N_("Done"),
    "withdrawn": N_("Withdrawn"),
    "expired": N_("Ran out of time"),
    "handed_over": N_("With another group"),
    "closed": N_("Closed"),
}

ASK_STATES = {
    "planned": N_("About to be asked"),
    "sent": N_("Asked, no answer yet"),
    "accepted": N_("Said yes"),
    "declined": N_("Said no"),
    "timed_out": N_("Did not answer in time"),
    "covered": N_("Someone else took it"),
    "cancelled": N_("Cancelled"),
}

MATCH_STATES = {
    "accepted": N_("Said yes"),
    "awaiting_asker": N_("Waiting for the person who asked"),
    "connected": N_("Connected"),
    "done": N_("Done"),
    "fell_through": N_("Did not happen"),
}

OFFER_STATES = {
    "active": N_("Active"),
    "resting": N_("Resting"),
    "paused": N_("Paused"),
    "ended": N_("Ended"),
}

MEMBERSHIP_STATES = {
    "awaiting": N_("Waiting to be admitted"),
    "admitted": N_("Admitted"),
    "suspended": N_("Suspended"),
}

REACHES = {
    "group": N_("This group only"),
    "alliance": N_("Any group of the alliance"),
}

CLOSE_REASONS = {
    "helped_elsewhere": N_("Helped elsewhere"),
    "not_needed": N_("No longer needed"),
    "no_answer": N_("The person did not answer"),
    "no_supply": N_("Nobody could be found"),
    "duplicate": N_("Posted twice"),
    "not_safe": N_("Not safe"),
    "other": N_("Another reason"),
}

DAYS = {
    "0": N_("Monday"),
    "1": N_("Tuesday"),
    "2": N_("Wednesday"),
    "3": N_("Thursday"),
    "4": N_("Friday"),
    "5": N_("Saturday"),
    "6": N_("Sunday"),
}

PARTS = {
    "0": N_("Morning"),
    "1": N_("Afternoon"),
    "2": N_("Evening"),
    "3": N_("Night"),
}

TABLES: Mapping[str, Mapping[str, str]] = {
    "category": CATEGORIES,
    "urgency": URGENCIES,
    "band": BANDS,
    "need": NEED_STATES,
    "ask": ASK_STATES,
    "match": MATCH_STATES,
    "offer": OFFER_STATES,
    "membership": MEMBERSHIP_STATES,
    "reach": REACHES,
    "close_reason": CLOSE_REASONS,
    "day": DAYS,
    "part": PARTS,
}
