"""How likely somebody says yes to an ask: their own history, how far, which language, how often asked lately.

Nothing about who they are, and no rating. Chances are numbers from 0 to 1; ADR 16 says why it is this model.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND_LANGUAGE = 0.8  # of the chance is left where the shared language is not the asker's first
FATIGUE = 0.25  # of the chance goes with each ask of the last seven days
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


def prior_of(histories: Iterable[tuple[float, int]], *, belief: Beta = PRIOR) -> Beta:
    """What to expect of someone new among these people, from their (answered, accepted): as firm as `belief`.

    Places and times differ by a factor of ten in how many say yes, so no constant fits them all.
    """
    answered, accepted = 0.0, 0
    for one_answered, one_accepted in histories:
        answered += one_answered
        accepted += one_accepted
    weight = belief.yes + belief.no
    mean = min(MOST, (belief.yes + accepted) / (weight + answered))
    return Beta(yes=mean * weight, no=(1.0 - mean) * weight)


def ease(*, distance: float, second_language: bool, asks_last_week: int) -> float:
    """How easy it is to say yes: 1 for somebody rested, half-way off, in the asker's first language.

    `distance` is the share of the radius that is used, 0 to 1; 0.5 for remote help.
    """
    near = NEAREST - (NEAREST - FARTHEST) * distance
    language = SECOND_LANGUAGE if second_language else 1.0
    return float(near * language * (1.0 - FATIGUE) ** asks_last_week)


def chance_of_yes(*, ease: float, answered: float, accepted: int, prior: Beta = PRIOR) -> float:
    """`accepted` yeses to asks that came to an end (yes, no, or silence until the time-out), whose ease was `answered`
    in all: three hard asks without a yes say less about somebody than three easy ones. Their plain number does too.

    A Gamma distribution of how often somebody says yes, for each ask of ease 1, after Poisson counts.
    """
    own = (prior.yes + accepted) / (prior.yes + prior.no + answered)
    return min(MOST, max(LEAST, own * ease))
