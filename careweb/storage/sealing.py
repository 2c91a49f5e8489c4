"""What the database never sees: the master keys, and everything derived from them.

Envelope encryption: each record has a data key (AES-256-GCM) wrapped by a master key; each sealed field is bound
to its record, id and column as associated data. Look-ups, links and codes use keys derived from the oldest
master key, one a purpose, so that sealing keys can be renewed without losing them.
"""

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from careweb.config import Settings
from careweb.domain.backups import week_of
from careweb.domain.codes import ReturnCode, return_code
from careweb.domain.contacts import Contact
from careweb.storage.database import Transaction, driver, queries

_NONCE = 12
_HASHES_AT_ONCE = 2  # each thread keeps the 7 MB it took; two do a hundred a second
_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # how many points its curve has
_MAC = 15  # bytes of a link's seal: 120 bits, 20 characters
_SHORT_MAC = 12  # of an address: 96 bits, since 64 characters before the @ are the most there may be


class KeysMissingError(Exception):
    """There is no usable master key: set CAREWEB_KEYS, or put the key file back into the state folder."""

    def __str__(self) -> str:
        return str(type(self).__doc__)


class KeyVersionMissingError(KeysMissingError):
    """A master key that records here are sealed with is missing: put the whole key file back, older versions too."""


class WrongKeysError(KeysMissingError):
    """The master keys are not those this database was sealed with: put its own key file back."""


def read_keys(text: str) -> dict[int, bytes]:
    """`text`: version:base64 of 32 bytes, separated by commas or lines. The first seals, all of them open."""
    try:
        pairs = (entry.split(":", 1) for entry in text.replace("\n", ",").split(",") if entry.strip())
        keys = {int(version): base64.b64decode(key, validate=True) for version, key in pairs}
    except ValueError as error:
        raise KeysMissingError from error
    if not keys or any(len(key) != 32 for key in keys.values()):
        raise KeysMissingError
    return keys


@dataclass(frozen=True)
class Sealer:
    """Seals and opens the fields of one record."""

    record: str
    id: UUID
    data_key: bytes = field(repr=False)

    def seal(self, column: str, text: str | None) -> bytes | None:
        if not text:
            return None
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.data_key).encrypt(nonce, text.encode(), self._bound_to(column))

    def open(self, column: str, sealed: bytes | None) -> str:
        if not sealed:
            return ""
        return AESGCM(self.data_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound_to(column)).decode()

    def _bound_to(self, column: str) -> bytes:
        return f"{self.record}:{self.id}:{column}".encode()


class Vault:
    def __init__(self, keys: Mapping[int, bytes], look_again: Callable[[], Mapping[int, bytes]] | None = None) -> None:
        """`look_again` reads the keys anew: one that was added while this process runs."""
        if not keys:
            raise KeysMissingError
        self._keys = dict(keys)
        self._look_again = look_again
        self._root = keys[min(keys)]
        self._derived: dict[str, bytes] = {}
        self._slow_hash = PasswordHasher(time_cost=5, memory_cost=7 * 1024, parallelism=1)  # as strong as 19 MB twice
        self._aside = ThreadPoolExecutor(_HASHES_AT_ONCE, "argon2")

    def __repr__(self) -> str:
        return "Vault()"

    def _purpose(self, purpose: str) -> bytes:
        if purpose not in self._derived:
            kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"careweb {purpose}".encode())
            self._derived[purpose] = kdf.derive(self._root)
        return self._derived[purpose]

    def _mac(self, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._purpose(purpose), message, hashlib.sha256)

    # master keys

    @property
    def current(self) -> int:
        """The one that seals what is new: the first in the list."""
        return next(iter(self._keys))

    def prints(self) -> dict[int, bytes]:
        """A keyed hash for each master key, which tells it from any other and says nothing about it."""
        return {version: hmac.digest(key, b"careweb master key", hashlib.sha256) for version, key in self._keys.items()}

    def refresh(self) -> None:
        """Learns of keys that were added to the key file; forgets none."""
        if self._look_again:
            self._keys = dict(self._look_again()) | self._keys

    # data keys

    def new_sealer(self, record: str, id: UUID) -> tuple[Sealer, int, bytes]:
        """A data key, the version of the master key that wraps it, and the wrapped key."""
        sealer = Sealer(record, id, os.urandom(32))
        return sealer, *self.wrap(sealer)

    def wrap(self, sealer: Sealer) -> tuple[int, bytes]:
        """Its data key under the current master key."""
        nonce, current = os.urandom(_NONCE), self.current
        bound = f"{sealer.record}:{sealer.id}".encode()
        return current, nonce + AESGCM(self._keys[current]).encrypt(nonce, sealer.data_key, bound)

    def unwrap(self, record: str, id: UUID, master: int, wrapped: bytes) -> Sealer:
        if master not in self._keys:
            self.refresh()
        if master not in self._keys:
            raise KeyVersionMissingError
        bound = f"{record}:{id}".encode()
        return Sealer(record, id, AESGCM(self._keys[master]).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound))

    # look-ups

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed hash: equal values can be found, no value can be read."""
        return self._mac(f"index {purpose}", value.encode())

    def contact_index(self, contact: Contact) -> bytes:
        return self.index("contact", f"{contact.kind}:{contact.address}")

    def tombstone(self, record: str, id: UUID) -> bytes:
        """What is remembered of a record that was erased."""
        return self.index("tombstone", f"{record}:{id}")

    # logins

    def password(self, login: str) -> str:
        """With which a role of the database logs in."""
        return _text(self._mac("database login", login.encode()))

    def salt(self, login: str) -> bytes:
        return self._mac("database salt", login.encode())[:16]

    # web push

    def push_key(self) -> bytes:
        """With which push services know this installation (VAPID): a scalar of P-256, from twice as many bits as it has."""
        kdf = HKDF(algorithm=hashes.SHA256(), length=64, salt=None, info=b"careweb push key")
        return (int.from_bytes(kdf.derive(self._root)) % (_P256 - 1) + 1).to_bytes(32)

    # links and codes: derived when needed, never stored

    def sign(self, purpose: str, id: UUID) -> str:
        """A token for a link: the id and a seal that only this installation can make."""
        return _text(id.bytes + self._mac(f"link {purpose}", id.bytes)[:_MAC])

    def verify(self, purpose: str, token: str) -> UUID | None:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        if len(raw) != 16 + _MAC or _text(raw) != token:
            return None
        good = hmac.compare_digest(raw[16:], self._mac(f"link {purpose}", raw[:16])[:_MAC])
        return UUID(bytes=raw[:16]) if good else None

    def address(self, id: UUID) -> str:
        """The same for an address of mail, in letters and digits of one case: mail servers may change the case."""
        raw = id.bytes + self._mac("address", id.bytes)[:_SHORT_MAC]
        return base64.b32encode(raw).decode().rstrip("=").lower()

    def addressed(self, token: str) -> UUID | None:
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except ValueError:
            return None
        if len(raw) != 16 + _SHORT_MAC:
            return None
        id = UUID(bytes=raw[:16])
        return id if hmac.compare_digest(self.address(id).encode(), token.encode()) else None

    def digits(self, purpose: str, id: UUID, count: int) -> str:
        return f"{int.from_bytes(self._mac(f'digits {purpose}', id.bytes), 'big') % 10**count:0{count}d}"

    def return_code(self, form_id: str, beginning: int = 0) -> ReturnCode:
        """The same form gives the same code, so that sending twice shows one answer.

        `beginning`: where the first half is another need's already, the next one that this form could have; the second half stays.
        """
        code = return_code(self._mac("return code", form_id.encode()))
        if not beginning:
            return code
        other = return_code(self._mac("return code", f"{form_id}\0{beginning}".encode()))
        return ReturnCode(other.locator, code.secret)

    async def hash_aside(self, secret: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._aside, self.hash_secret, secret)

    async def fits_aside(self, secret: str, hashed: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._aside, self.secret_fits, secret, hashed)

    def hash_secret(self, secret: str) -> str:
        """Peppered Argon2id; takes about 17 ms and 7 MB: on the event loop, call hash_aside."""
        return self._slow_hash.hash(self._mac("return code pepper", secret.encode()))

    def secret_fits(self, secret: str, hashed: str) -> bool:
        try:
            return self._slow_hash.verify(hashed, self._mac("return code pepper", secret.encode()))
        except VerifyMismatchError:
            return False


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def new_key(tx: Transaction, vault: Vault, record: str, id: UUID) -> Sealer:
    sealer, master, wrapped = vault.new_sealer(record, id)
    await queries().add_data_key(await driver(tx), record=record, id=id, master=master, wrapped=wrapped)
    return sealer


async def key_of(tx: Transaction, vault: Vault, record: str, id: UUID) -> Sealer | None:
    """None once the key was destroyed: what it sealed is gone."""
    row = await queries().data_key(await driver(tx), record=record, id=id)
    return vault.unwrap(record, id, row["master"], row["wrapped"]) if row else None


async def destroy_key(tx: Transaction, vault: Vault, record: str, id: UUID, now: datetime) -> None:
    """For ever: also where a copy of the database from before is restored, see flows.erasing."""
    mark = vault.tombstone(record, id)
    await queries().destroy_data_key(await driver(tx), record=record, id=id, mark=mark, week=week_of(now))


def open_vault(settings: Settings) -> Vault:
    """The keys of the setting, else of the file in the state folder, which is read again where a key is unknown."""
    given = settings.keys.get_secret_value()
    if given:
        return Vault(read_keys(given))
    file = settings.state / "keys"

    def read() -> dict[int, bytes]:
        if not file.is_file():
            raise KeysMissingError
        return read_keys(file.read_text(encoding="ascii"))

    return Vault(read(), read)
