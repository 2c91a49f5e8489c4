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

OFFERED = {  # why a volunteer is asked
    "groceries": N_("You offered to get groceries."),
    "meals": N_("You offered to cook a meal."),
    "ride": N_("You offered rides."),
    "medicine": N_("You offered to pick up medicine."),
    "translation": N_("You offered to translate."),
    "forms": N_("You offered help with forms and letters."),
    "company": N_("You offered company, a visit."),
    "call": N_("You offered friendly calls."),
    "appointment": N_("You offered to come along to appointments."),
    "childcare": N_("You offered to look after children."),
    "household": N_("You offered small jobs at home."),
    "technology": N_("You offered help with a phone or computer."),
}

HOW_NEAR = {
    "same": N_("You are in the same area."),
    "near": N_("It is near you: up to 10 km."),
    "far": N_("It is further away: up to 50 km."),
    "wide": N_("It is far away: more than 50 km."),
    "remote": N_("It can be done from anywhere."),
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

VETTINGS = {  # by level: what somebody was checked for
    "0": N_("everyday help"),
    "1": N_("also looking after children"),
}

CHANNELS = {
    "email": N_("e-mail"),
    "push": N_("this browser"),
    "sms": N_("text message"),
    "telegram": "Telegram",
    "signal": "Signal",
    "whatsapp": "WhatsApp",
    "matrix": "Matrix",
    "ntfy": "ntfy",
}

CHANNEL_STATES = {
    "unproven": N_("waits for its code"),
    "on": N_("on"),
    "off": N_("off: our messages were refused there"),
    "stopped": N_("stopped by you"),
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

CALL_REASONS = {  # why staff saw a telephone number; read by whoever calls and by whoever is called
    "due": N_("This call was asked for"),
    "question": N_("A question about what is needed"),
    "confirm": N_("To ask whether this help is wanted"),
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

LONG_CATEGORIES = {  # what an asker reads under the name
    "groceries": N_("shopping and bringing it to you"),
    "meals": N_("warm food, ready to eat"),
    "ride": N_("to a place and back"),
    "medicine": N_("from the pharmacy to your door"),
    "translation": N_("someone who speaks both languages"),
    "forms": N_("reading and filling in papers"),
    "company": N_("someone to talk or walk with"),
    "call": N_("someone phones you"),
    "appointment": N_("doctor, school, an office"),
    "childcare": N_("for a few hours"),
    "household": N_("carrying, fixing, snow, garden"),
    "technology": N_("setting it up, solving a problem"),
}

ERRORS = {  # by field; or by what exactly is wrong with it
    "category": N_("Choose what you need."),
    "categories": N_("Choose at least one thing you can do."),
    "text": N_("Write at most 500 characters."),
    "coordinates": N_("Please leave out exact positions. We only work with areas."),
    "gives_address": N_(
        "This looks like a street address. Is it needed? Others may read it. Take it out, or keep it as it is."
    ),
    "gives_phone": N_(
        "This looks like a phone number. Is it needed? Others may read it. Take it out, or keep it as it is."
    ),
    "gives_email": N_(
        "This looks like an e-mail address. Is it needed? Others may read it. Take it out, or keep it as it is."
    ),
    "gives_postal": N_(
        "There was a whole postal code here. We cut it to its first three characters. Please look again."
    ),
    "gives_several": N_(
        "This seems to hold several things that lead to a person, like an address and a phone number. "
        "Is it needed? Others may read it. Take it out, or keep it as it is."
    ),
    "place": N_("Type the first three characters of your postal code, like M5V, or choose a town."),
    "place_not_a_code": N_("This is not a postal code. Type its first three characters, like M5V."),
    "place_not_canadian": N_("No Canadian postal code starts like this. Type its first three characters, like M5V."),
    "place_coordinates": N_(
        "Exact positions are not taken. Type the first three characters of a postal code, like M5V."
    ),
    "channel": N_("Choose one of these."),
    "channels": N_("You have this one already, or as many as we can add today."),
    "push": N_("This browser uses a service that we do not know. Choose another way."),
    "address_sms": N_("This does not look like a phone number. Write it like 416 555 0199."),
    "address_signal": N_("This does not look like a phone number. Write it like 416 555 0199."),
    "address_whatsapp": N_("This does not look like a phone number. Write it like 416 555 0199."),
    "address_telegram": N_("Write your number at Telegram, like 123456789. It is digits only."),
    "address_matrix": N_("Write your name at Matrix, like @name:example.org."),
    "address_ntfy": N_("Write the name of your topic: letters and digits, at most 64."),
    "moved": N_("You changed your area twice within the last 30 days. Keep the area you had, or change it later."),
    "zone": N_("Choose a town or area from the list."),
    "wider": N_("Choose whether to name a wider place."),
    "language": N_("Choose the language you speak best."),
    "language_unknown": N_("We found no language of that name. Try another spelling, or its English name."),
    "urgency": N_("Choose how soon you need it."),
    "by": N_("Write the day as year-month-day, like 2027-01-31, or leave it empty."),
    "by_past": N_("This day is over. Choose today or later."),
    "by_far": N_("Choose a day within the next 60 days."),
    "repeats_until": N_("Write the day as year-month-day, like 2027-01-31, or leave it empty."),
    "repeats_short": N_("Choose a day at least a week after the first one."),
    "repeats_far": N_("Choose a day within half a year."),
    "parts": N_("None of these times comes before that day. Choose another time, or a later day."),
    "helpers": N_("Choose from 1 to 5 people."),
    "name": N_("Tell us what to call you, in at most 60 characters."),
    "contact_kind": N_("Choose how we can reach you."),
    "email": N_("This does not look like an e-mail address. It should be like name@example.org."),
    "address_email": N_("This does not look like an e-mail address. It should be like name@example.org."),
    "phone": N_("This does not look like a phone number. Type all 10 digits, like 416 555 0123."),
    "contact": N_("Type an e-mail address, or a phone number with all 10 digits."),
    "reach": N_("Choose who may help."),
    "see_first": N_("Choose whether you want to see who first."),
    "consent": N_("We can only look for someone if you agree."),
    "radius": N_("Choose how far you would go."),
    "per_week": N_("Choose from 1 to 10 tasks a week."),
    "weekly_asks": N_("Choose from the list."),
    "quiet_from": N_("Choose an hour from the list."),
    "quiet_until": N_("Choose an hour from the list."),
    "hours": N_("Choose at least one time that suits you."),
    "code": N_("That code does not fit. Check the numbers."),
    "note": N_("Write between 1 and 500 characters."),
    "thanks": N_("Write between 1 and 200 characters."),
    "until": N_("Choose a day after today, within a year."),
    "reason": N_("Choose a reason."),
    "sure": N_("Tick the box, so that we know that a person is here."),
    "cause": N_("Choose what happened."),
    "words_needed": N_("Write a reason of 10 to 500 characters."),
    "admit_note": N_("Write in a few words how you know them."),
}

CHANGES = {  # of what a helper had said yes to
    "category": N_("what is needed"),
    "day": N_("the day"),
    "place": N_("the place"),
    "helpers": N_("how many people are needed"),
}

AGES = {
    "day": N_("less than a day"),
    "three_days": N_("one to three days"),
    "week": N_("three to seven days"),
    "older": N_("more than a week"),
}

COLUMNS = {
    "age": N_("By age"),
    "language": N_("By language"),
    "category": N_("By kind of help"),
    "urgency": N_("By urgency"),
}

TESTS = {  # what an offer has to pass, as the need page of a coordinator counts them
    "category": N_("offer this kind of help"),
    "language": N_("speak a shared language"),
    "distance": N_("are near enough"),
    "capacity": N_("are admitted, not resting, and free this week"),
    "time": N_("are free at that time"),
    "unasked": N_("were not asked about it yet"),
    "askable": N_("have no other request in hand, and were not asked too often this week"),
}

ROUGHLY = {  # how many of other groups, as far as a coordinator may know
    "none": N_("none"),
    "few": N_("a few"),
    "many": N_("many"),
}

CAUSES = {  # of a report
    "unsafe": N_("I did not feel safe"),
    "threat": N_("A threat, or violence"),
    "money": N_("Money was asked for or taken"),
    "unkind": N_("Insulting, or against my dignity"),
    "no_show": N_("Did not come, again and again"),
    "other": N_("Something else"),
}

REVIEW_KINDS = {
    "held": N_("A need to look at first"),
    "report": N_("A report"),
}

REVIEW_STATES = {
    "open": N_("Waiting for a person"),
    "decided": N_("Decided"),
    "appealed": N_("With another person"),
    "settled": N_("Decided for good"),
}

ACTIONS = {  # what a review can come to
    "released": N_("Nothing wrong: go on"),
    "kept_apart": N_("Keep the two apart"),
    "suspended": N_("Suspend the volunteer"),
    "closed": N_("Close the need"),
    "withdrawn": N_("Not needed any more"),
    "lapsed": N_("Nobody decided in time"),
}

OPENED = {  # lines of the audit, as the person they are about reads them
    "read_need": N_("read your need"),
    "changed_need": N_("changed your need"),
    "closed_need": N_("closed your need"),
    "confirmed_need": N_("wrote down that you want help, as you said on the phone"),
    "posted_need": N_("wrote your need down for you"),
    "widened_need": N_("widened the search"),
    "asked_again": N_("let volunteers be asked again"),
    "answered_for": N_("wrote down your answer, as you said on the phone"),
    "called_back": N_("saw your phone number, to call you back"),
    "called": N_("wrote down that you were called"),
    "read_name": N_("saw your name among the volunteers"),
    "admitted": N_("admitted you"),
    "suspended": N_("suspended you"),
    "read_report": N_("read a report about you two"),
    "decided_report": N_("decided about a report"),
    "asked_contact": N_("asked to see how to reach you"),
    "allowed_contact": N_("agreed that somebody sees how to reach you"),
    "refused_contact": N_("refused that somebody sees how to reach you"),
    "opened_contact": N_("saw how to reach you"),
    "broke_glass": N_("did so at once, and all coordinators of the group were told"),
    "rule_one": N_("One person and a reason are enough to see how to reach somebody outside a match."),
    "rule_two": N_("It takes two people to see how to reach somebody outside a match."),
    "exported": N_("took your details out in a file"),
    "vouched": N_("vouched for you, and your second step begins anew"),
    "second_step_reset": N_("took your second step away, and it begins anew"),
    "recovery_code_used": N_("A code from the paper used"),
    "signed_out": N_("ended all your sessions"),
    "forgotten": N_("removed you for good"),
    "role_granted": N_("gave you a role"),
    "role_taken": N_("took a role from you"),
}

ROLES = {
    "coordinator": N_("a coordinator"),
    "steward": N_("a steward"),
    "operator": N_("the operator"),
}

OPENINGS = {
    "asked": N_("waits for a second person"),
    "open": N_("open for a day"),
    "refused": N_("refused"),
}

EVENTS = {
    "held": N_("Somebody looks at it first"),
    "released": N_("Looked at: go on"),
    "posted": N_("Posted"),
    "changed": N_("Changed"),
    "renewed": N_("More time given"),
    "wave": N_("Volunteers asked"),
    "exhausted": N_("Nobody left to ask"),
    "accepted": N_("A volunteer said yes"),
    "declined": N_("Said no"),
    "connected": N_("Connected"),
    "refused": N_("The asker preferred someone else"),
    "fell_through": N_("Did not happen: open again"),
    "done": N_("The helper says it is done"),
    "withdrawn": N_("Withdrawn"),
    "expired": N_("Ran out of time"),
    "widened": N_("Search widened"),
    "asked_again": N_("A new round of asking"),
    "closed": N_("Closed"),
    "met": N_("Done"),
    "imported": N_("Imported"),
}

ACTORS = {
    "asker": N_("the asker"),
    "helper": N_("a helper"),
    "coordinator": N_("a coordinator"),
    "worker": N_("the system"),
}

AUTHENTICATORS = {
    "app": N_("An app that makes codes"),
    "passkey": N_("A passkey"),
}

SECOND_STEPS = {  # what was done about somebody's
    "added": N_("Set up"),
    "removed": N_("Removed"),
    "codes_made": N_("Codes for the paper made"),
    "code_used": N_("A code from the paper used"),
    "vouched": N_("Somebody vouched, and it begins anew"),
    "operator": N_("Taken away by the operator, and it begins anew"),
}

HELD_REASONS = {
    "network": N_("Many needs from one network in one day"),
    "words": N_("The same words several times in one day"),
}

POSTS = {
    "coordinator": N_("Coordinator"),
    "steward": N_("Steward"),
}

PROVINCES = {
    "NL": N_("Newfoundland and Labrador"),
    "PE": N_("Prince Edward Island"),
    "NS": N_("Nova Scotia"),
    "NB": N_("New Brunswick"),
    "QC": N_("Quebec"),
    "ON": N_("Ontario"),
    "MB": N_("Manitoba"),
    "SK": N_("Saskatchewan"),
    "AB": N_("Alberta"),
    "BC": N_("British Columbia"),
    "YT": N_("Yukon"),
    "NT": N_("Northwest Territories"),
    "NU": N_("Nunavut"),
}

SIDES = (  # of a town, behind its name: "Edmonton, North"; careweb/domain/zone_names.py knows which there are
    N_("Northeast"),
    N_("Northwest"),
    N_("Southeast"),
    N_("Southwest"),
    N_("North"),
    N_("South"),
    N_("East"),
    N_("West"),
    N_("Central"),
    N_("Downtown"),
    N_("Outskirts"),
    N_("North Central"),
    N_("South Central"),
    N_("East Central"),
    N_("West Central"),
)
AROUND = N_("%(town)s and area")
ELSEWHERE = N_("%(province)s, outside the larger towns")

REGION_SETS = {
    "provinces": N_("Provinces and territories"),
    "urban-areas": N_("Larger towns with their surroundings"),
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
    "vetting": VETTINGS,
    "reach": REACHES,
    "channel": CHANNELS,
    "channel_state": CHANNEL_STATES,
    "close_reason": CLOSE_REASONS,
    "call": CALL_REASONS,
    "day": DAYS,
    "part": PARTS,
    "category_long": LONG_CATEGORIES,
    "offered": OFFERED,
    "how_near": HOW_NEAR,
    "roughly": ROUGHLY,
    "error": ERRORS,
    "age": AGES,
    "change": CHANGES,
    "column": COLUMNS,
    "test": TESTS,
    "event": EVENTS,
    "actor": ACTORS,
    "authenticator": AUTHENTICATORS,
    "second_step": SECOND_STEPS,
    "held_reason": HELD_REASONS,
    "post": POSTS,
    "cause": CAUSES,
    "review_kind": REVIEW_KINDS,
    "review": REVIEW_STATES,
    "action": ACTIONS,
    "opened": OPENED,
    "role": ROLES,
    "opening": OPENINGS,
}
