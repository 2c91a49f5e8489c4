"""What we expected could go wrong. A door decides how each is said; see careweb/web/errors.py."""


class CareError(Exception):
    """Something a person can act on."""


class NotHereError(CareError):
    """There is nothing here for you: it does not exist, or it is not yours to see."""


class OverError(CareError):
    """This is closed already, so it cannot be changed."""


class NotNowError(CareError):
    """It has moved on since the page was shown."""


class AtCapacityError(CareError):
    """You have taken as many tasks this week as you said you could."""


class MovedTooOftenError(CareError):
    """You have changed your area as often as anyone may within 30 days."""


class WrongCodeError(CareError):
    """That code does not fit."""


class NoCodeLeftError(CareError):
    """No code was left for this form: please open a new one."""


class NotAdmittedError(CareError):
    """A coordinator of the group has not admitted this volunteer yet."""


class TooManyChannelsError(CareError):
    """You have this one already, or as many as anyone may have or add in a day."""
