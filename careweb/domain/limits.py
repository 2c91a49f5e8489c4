"""How much from one network, and what happens beyond it: it takes longer, or a person looks first. Nobody is refused.

A network is a /24, or a /48 of IPv6: a shelter, a library and a whole apartment house may be one. What is counted, and
for how long, is in careweb/storage/counters.py; no address is kept.
"""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

_FREE_TRIES = 3
_LONGEST = 20.0  # seconds that a try at a code waits at most: a person can wait so long, a machine makes little of it
_SHARE = 8  # so many people of one network may mistype before it waits as one locator would
_FREE_SIGN_INS = 20  # of one network, within a day
_LONGEST_SIGN_IN = 5.0
_TELLING = 30  # characters
_NOT_ONE_NETWORK = tuple(
    ipaddress.ip_network(one)
    for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128")
)  # fmt: skip


class HeldReason(StrEnum):
    NETWORK = "network"  # many needs from one network within a day
    WORDS = "words"  # the same words again and again


@dataclass(frozen=True, kw_only=True)
class Posts:
    """Of one day, this one included."""

    of_network: int
    of_words: int


def network_of(address: str) -> str:
    """Empty where it tells nothing: a proxy that passes no address on would make everyone one network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if any(ip in one for one in _NOT_ONE_NETWORK if one.version == ip.version):
        return ""
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def telling(words: str) -> str:
    """Words by which two needs are the same; empty where they are so few that many would write them."""
    plain = " ".join(words.casefold().split())
    return plain if len(plain) >= _TELLING else ""


def wait_for_code(*, of_locator: int, of_network: int) -> float:
    """Seconds before a return code is looked at, by how often this first half, and this network, were wrong today."""
    return max(_growing(of_locator), _growing(of_network // _SHARE))


def _growing(wrong: int) -> float:
    return 0.0 if wrong < _FREE_TRIES else float(min(_LONGEST, 0.5 * 2 ** min(wrong - _FREE_TRIES, 10)))


def wait_for_sign_in(of_network: int) -> float:
    return max(0.0, min(_LONGEST_SIGN_IN, 0.25 * (of_network - _FREE_SIGN_INS)))


def held_for(posts: Posts, *, network_most: int, words_most: int) -> HeldReason | None:
    """Why a coordinator reads a new need first; None: it is matched at once."""
    if posts.of_words > words_most:
        return HeldReason.WORDS
    return HeldReason.NETWORK if posts.of_network > network_most else None
