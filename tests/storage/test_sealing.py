"""What is sealed, signed, hashed and derived: how strong it is, and that nobody without the keys makes or opens it."""

import base64
from collections import Counter
from uuid import UUID, uuid4

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type
from cryptography.exceptions import InvalidTag

from careweb.storage.sealing import Sealer, Vault
from tests.world import VAULT

NONCE, TAG = 12, 16
OTHERS = Vault({1: bytes(range(32, 64))})


@pytest.fixture
def sealer() -> Sealer:
    return VAULT.new_sealer("need", uuid4())[0]


def sealed_by(sealer: Sealer, text: str) -> bytes:
    sealed = sealer.seal("text", text)
    assert sealed
    return sealed


def changed(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_sealed_text_of_which_any_byte_is_changed_or_missing_does_not_open(sealer: Sealer) -> None:
    sealed = sealed_by(sealer, "Insulin, 谢谢")
    assert sealer.open("text", sealed) == "Insulin, 谢谢"
    for other in (*(changed(sealed, at) for at in range(len(sealed))), sealed[:-1], sealed + b"\0"):
        with pytest.raises(InvalidTag):
            sealer.open("text", other)


def test_a_sealed_text_opens_in_its_own_place_only(sealer: Sealer) -> None:
    sealed = sealed_by(sealer, "Insulin")
    another = Sealer("need", uuid4(), sealer.data_key)
    for place, column in ((sealer, "name"), (another, "text"), (Sealer("member", sealer.id, sealer.data_key), "text")):
        with pytest.raises(InvalidTag):
            place.open(column, sealed)


def test_equal_texts_are_sealed_differently_each_with_a_nonce_of_96_bits_and_a_tag_of_128(sealer: Sealer) -> None:
    assert len(sealer.data_key) * 8 == 256
    many = [sealed_by(sealer, "Insulin") for _ in range(100)]
    assert {len(one) for one in many} == {NONCE + len("Insulin") + TAG}
    assert len({one[:NONCE] for one in many}) == len({one[NONCE:] for one in many}) == 100


def test_a_wrapped_key_that_is_changed_or_another_records_does_not_open() -> None:
    id = uuid4()
    sealer, master, wrapped = VAULT.new_sealer("need", id)
    assert len(wrapped) == NONCE + len(sealer.data_key) + TAG
    assert VAULT.unwrap("need", id, master, wrapped).data_key == sealer.data_key
    for other in (changed(wrapped, at) for at in range(len(wrapped))):
        with pytest.raises(InvalidTag):
            VAULT.unwrap("need", id, master, other)
    for record, of in (("member", id), ("need", uuid4())):
        with pytest.raises(InvalidTag):
            VAULT.unwrap(record, of, master, wrapped)


def test_a_link_that_is_changed_or_was_made_for_another_purpose_or_elsewhere_is_none() -> None:
    id = uuid4()
    token = VAULT.sign("ask", id)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert (raw[:16], (len(raw) - 16) * 8) == (id.bytes, 120)
    assert VAULT.verify("ask", token) == id
    forged = [base64.urlsafe_b64encode(changed(raw, at)).rstrip(b"=").decode() for at in range(len(raw))]
    for other in (*forged, VAULT.sign("need", id), OTHERS.sign("ask", id), token[:-1], token + "A", ""):
        assert VAULT.verify("ask", other) is None


def test_a_short_code_tells_nothing_of_another_and_nobody_without_the_keys_can_work_it_out() -> None:
    id = UUID(int=1)
    code = VAULT.digits("sign_in", id, 6)
    assert code == VAULT.digits("sign_in", id, 6)
    assert code not in (VAULT.digits("ask", id, 6), OTHERS.digits("sign_in", id, 6))
    codes = [VAULT.digits("sign_in", UUID(int=number), 6) for number in range(2000)]
    assert {len(one) for one in codes} == {6}
    assert all(one.isascii() and one.isdigit() for one in codes)
    assert len(set(codes)) > 1980, "of a million, two of 2,000 are the same about twice"
    for place in range(6):
        counts = Counter(one[place] for one in codes)
        assert len(counts) == 10
        assert all(130 < count < 270 for count in counts.values()), "200 of each; that is five standard deviations"


def test_keyed_hashes_have_256_bits_and_are_another_for_each_purpose_and_key() -> None:
    id = uuid4()
    hashes = [VAULT.index("contact", str(id)), VAULT.index("browser", str(id)), OTHERS.index("contact", str(id)), VAULT.tombstone("need", id)]  # fmt: skip
    assert {len(one) * 8 for one in hashes} == {256}
    assert len(set(hashes)) == 4


def test_half_a_return_code_is_hashed_slowly_with_a_salt_and_a_pepper() -> None:
    hashed = VAULT.hash_secret("12345678")
    assert hashed.startswith("$argon2id$v=19$m=7168,t=5,p=1$")
    found = extract_parameters(hashed)
    assert (found.type, found.salt_len, found.hash_len) == (Type.ID, 16, 32)
    assert hashed != VAULT.hash_secret("12345678")
    assert VAULT.secret_fits("12345678", hashed)
    assert not VAULT.secret_fits("12345679", hashed)
    assert not OTHERS.secret_fits("12345678", hashed), "without the key nobody can try it out"
