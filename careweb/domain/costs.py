"""What an assignment costs: distance, second language, load. Each term is kept, so that an ask explains itself."""

import hashlib
from dataclasses import dataclass
from math import sqrt
from uuid import UUID

DISTANCE_SHARE = 0.60
SECOND_LANGUAGE = 0.25
LOAD_SHARE = 0.14
TIE_BREAK = 1e-6
LEAST_RADIUS_KM = 2.0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Terms of the design's cost; `total` leaves the tie-break out, since that one is not shown."""

    distance: float
    language: float
    load: float

    @property
    def total(self) -> float:
        return self.distance + self.language + self.load


def cost(
    *, km: float | None, need_r50_km: float, offer_r50_km: float, radius_km: float, second_language: bool, load: float
) -> Cost:
    """`km` is the geodesic between zone centres, None for remote help; `load` is the used share of the week, 0 to 1."""
    share = None if km is None else distance_share(km, need_r50_km, offer_r50_km, radius_km)
    return cost_of_terms(share=share, second_language=second_language, load=load)


def cost_of_terms(*, share: float | None, second_language: bool, load: float) -> Cost:
    """The same from what is kept with an ask: `share` of the radius that is used, None for remote help."""
    return Cost(
        distance=DISTANCE_SHARE * (share or 0.0), language=SECOND_LANGUAGE * second_language, load=LOAD_SHARE * load
    )


def distance_share(km: float, need_r50_km: float, offer_r50_km: float, radius_km: float) -> float:
    """How much of the radius is used, 0 to 1; the spreads of the two zones count, since centres are not people."""
    return min(1.0, sqrt(km**2 + need_r50_km**2 + offer_r50_km**2) / max(radius_km, LEAST_RADIUS_KM))


def tie_break(need: UUID, offer: UUID) -> float:
    """1e-6 times the first 32 bits of BLAKE2b(need, 0x00, offer), as a fraction."""
    digest = hashlib.blake2b(str(need).encode() + b"\x00" + str(offer).encode()).digest()
    return float(TIE_BREAK * int.from_bytes(digest[:4], "big") / 2**32)
