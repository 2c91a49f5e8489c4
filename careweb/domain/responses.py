"""How likely somebody says yes to an ask: their own history, how far, which language, how often asked lately.

Nothing about who they are, and no rating. Chances are numbers from 0 to 1; ADR 17 says why it is this model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND_LANGUAGE = 0.8  # of the chance is left where the shared language is not the asker's first
FATIGUE = 0.08  # of the chance goes with each ask of the last seven days
NEAREST, FARTHEST = 1.25, 0.75  # times the chance at no distance, and at all of the radius: 1 half-way
LEAST, MOST = 0.01, 0.95  # nobody is hopeless, nobody certain


@dataclass(frozen=True, kw_only=True)
class Beta:
    """Yeses and noes (or silences) seen, or believed as if seen."""

    yes: float
    no: float

    @property
    def mean(self) -> float:
        return self.yes / (self.yes + self.no)


# One yes in five asks: relief schemes report 5.3 alerts for each emergency that found somebody.
PRIOR = Beta(yes=1.0, no=4.0)


def prior_of(histories: Iterable[tuple[int, int]], *, belief: Beta = PRIOR) -> Beta:
    """What to expect of someone new among these people, from their (answered, accepted): as firm as `belief`.

    Places and times differ by a factor of ten in how many say yes, so no constant fits them all.
    """
    answered = accepted = 0
    for one_answered, one_accepted in histories:
        answered += one_answered
        accepted += one_accepted
    weight = belief.yes + belief.no
    mean = (belief.yes + accepted) / (weight + answered)
    return Beta(yes=mean * weight, no=(1.0 - mean) * weight)


def chance_of_yes(
    *, distance: float, second_language: bool, asks_last_week: int, answered: int, accepted: int, prior: Beta = PRIOR
) -> float:
    """`distance` is the share of the radius that is used, 0 to 1; 0.5 for remote help.

    `answered` asks came to an end (yes, no, or silence until the time-out), `accepted` of them with a yes.
    """
    own = Beta(yes=prior.yes + accepted, no=prior.no + answered - accepted).mean
    near = NEAREST - (NEAREST - FARTHEST) * distance
    language = SECOND_LANGUAGE if second_language else 1.0
    return min(MOST, max(LEAST, own * near * language * (1.0 - FATIGUE * asks_last_week)))
