"""As whom the processes come to the database: the web as one role, the workers as another, neither as the owner (ADR 20)."""

import base64
import hashlib
import hmac
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from careweb.config import Settings
from careweb.storage.database import Engine, open_engine, run, transaction
from careweb.storage.sealing import Vault, open_vault

_ROUNDS = 4096  # as PostgreSQL itself takes them: the password is 32 random bytes, and nobody guesses it


class Login(StrEnum):
    WEB = "careweb_web"
    MATCHER = "careweb_matcher"


def open_login(login: Login, settings: Settings, vault: Vault, *, pool_size: int = 20) -> Engine:
    # Rows are looked up by key and then tested for their group. Where a page costs as on a turning disk, the planner reads
    # a whole group instead, since it thinks that the test leaves next to nothing of it.
    return open_engine(address_for(login, settings, vault), pool_size=pool_size, random_page_cost="1.1")


def address_for(login: Login, settings: Settings, vault: Vault) -> str:
    """The setting for it, else the operator's address with this name, and a password where the operator's has one."""
    given = settings.web_database_url if login is Login.WEB else settings.matcher_database_url
    return given or _renamed(settings.database_url, login, vault)


def _renamed(url: str, login: Login, vault: Vault) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("user", "password")]
    password = f":{vault.password(login)}" if _wants_password(url) else ""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}{password}@{place}", query=urlencode(query, safe="/")))


def _wants_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in dict(parse_qsl(parts.query))


async def give_passwords(engine: Engine, settings: Settings) -> None:
    """What both log in with, derived from the master key: every machine that has the keys can. Where none is wanted, none."""
    if _wants_password(settings.database_url):
        vault = open_vault(settings)
        async with transaction(engine) as tx:
            for login in Login:
                await run(tx, "give_password", login=login, verifier=scram(vault.password(login), vault.salt(login)))


def scram(password: str, salt: bytes) -> str:
    """How PostgreSQL keeps a password (RFC 5803): from this nobody can log in."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", hashlib.sha256)).digest()
    server = hmac.digest(salted, b"Server Key", hashlib.sha256)
    return f"SCRAM-SHA-256${_ROUNDS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
