"""How much from one network is too much, and that nobody is refused for it."""

import pytest

from careweb.domain.limits import (
    HeldReason,
    Posts,
    held_for,
    network_of,
    telling,
    wait_for_code,
    wait_for_sign_in,
)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"), ("203.0.113.1", "203.0.113.0/24"), ("203.0.114.1", "203.0.114.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"), ("2001:db8:1:ffff::9", "2001:db8:1::/48"), ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("127.0.0.1", ""), ("::1", ""), ("10.3.2.1", ""), ("192.168.1.7", ""), ("172.20.0.5", ""), ("fe80::1%eth0", ""),
        ("", ""), ("testclient", ""),
    ],
)  # fmt: skip
def test_a_network_is_a_prefix_and_a_proxys_own_address_is_none(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_code_waits_longer_with_each_wrong_try_and_never_for_ever() -> None:
    waits = [wait_for_code(of_locator=wrong, of_network=0) for wrong in range(20)]
    assert waits[:3] == [0, 0, 0]
    assert waits == sorted(waits)
    assert waits[5] > waits[4] > 0
    assert waits[-1] == wait_for_code(of_locator=10**9, of_network=10**9) == 20


def test_a_shelter_of_twenty_who_mistype_once_waits_for_nothing() -> None:
    assert wait_for_code(of_locator=1, of_network=20) == 0
    assert wait_for_code(of_locator=0, of_network=80) > 0


def test_many_sign_ins_from_one_network_take_a_few_seconds_each() -> None:
    assert [wait_for_sign_in(count) for count in (0, 20, 21, 1000)] == [0, 0, 0.25, 5]


def test_what_comes_beyond_is_held_and_the_reason_is_told() -> None:
    def held(network: int, words: int) -> HeldReason | None:
        return held_for(Posts(of_network=network, of_words=words), network_most=20, words_most=3)

    assert (held(0, 0), held(20, 3)) == (None, None)
    assert (held(21, 1), held(1, 4), held(21, 4)) == (HeldReason.NETWORK, HeldReason.WORDS, HeldReason.WORDS)


def test_a_few_words_that_many_would_write_are_not_the_same_words() -> None:
    assert telling("Rice and greens") == ""
    one, other = "Please help, call this number right now  ", "please help,\ncall THIS number right now"
    assert telling(one) == telling(other) != ""
