"""How far, said no finer than a band."""

from enum import StrEnum


class Band(StrEnum):
    SAME = "same"  # the same zone
    NEAR = "near"  # up to 10 km between zone centres
    FAR = "far"  # up to 50 km
    WIDE = "wide"
    REMOTE = "remote"  # a call, a translation, a form


def band(km: float | None) -> Band:
    """`km` is between zone centres; None where distance does not matter."""
    if km is None:
        return Band.REMOTE
    if km == 0:
        return Band.SAME
    if km <= 10:
        return Band.NEAR
    return Band.FAR if km <= 50 else Band.WIDE
