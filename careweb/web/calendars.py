"""A task as a file for calendars, which sync to anywhere and are shown to anyone: the kind of help and the day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from careweb.flows.matches import HelperSide
from careweb.rendering import translations
from careweb.wording import CATEGORIES


def calendar_of(task: HelperSide, *, uid: str, locale: str, now: datetime) -> bytes:
    """`uid`: the same each time, so that a calendar replaces what it had; it says nothing to anybody else."""
    day = task.needed_by.astimezone(ZoneInfo(task.time_zone)).date()
    event = Event()
    event.add("uid", f"{uid}@careweb")
    event.add("dtstamp", now)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", translations(locale).gettext(CATEGORIES[task.category]))
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")  # by that day, not all day long
    calendar = Calendar()
    calendar.add("prodid", "-//careweb//tasks//")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
