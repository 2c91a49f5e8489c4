"""Every setting, read once from the environment (or a file named by CAREWEB_ENV_FILE) at a door."""

import os
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_PLACE = re.compile(r"[a-z0-9]+://[^/?#{}]+[/?][^{}#]*\{to\}(?:[^{}#]|\{key\})*")


def _fit(template: SecretStr) -> SecretStr:
    """An address goes behind the host, and once: whatever it is, it cannot say where the message is sent to."""
    if template and not _PLACE.fullmatch(template.get_secret_value()):
        raise ValueError("the address goes in as {to}, once, behind the host")
    return template


_ADDRESSES = re.compile(r"[a-z0-9._=+-]{0,19}\{token\}@[a-z0-9-]+(\.[a-z0-9-]+)*")


def _below(template: str) -> str:
    """With 45 characters in the place of {token} there are 64 before the @, which is all that mail allows."""
    if template and not _ADDRESSES.fullmatch(template):
        raise ValueError("{token} goes in once, before the @, after at most 19 small letters, digits or signs")
    return template


Template = Annotated[SecretStr, AfterValidator(_fit)]


def _messenger(what: str) -> Any:
    return Field(SecretStr(""), description=f"Apprise URL with {{to}} for the address: {what}; empty turns it off")


class Settings(BaseSettings):
    """The name of a setting in the environment is CAREWEB_ and its name here, unless it has an alias."""

    model_config = SettingsConfigDict(
        env_prefix="CAREWEB_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    database_url: str = Field(
        "",
        alias="DATABASE_URL",
        description="PostgreSQL with PostGIS, as postgresql://...; empty means the private cluster in the state folder",
    )
    web_database_url: str = Field(
        "",
        description="how the web process comes to the database, as the role careweb_web; empty means DATABASE_URL with that name and a password made from the keys",
    )
    matcher_database_url: str = Field("", description="the same of workers and solvers, as the role careweb_matcher")
    redis_url: str = Field(
        "",
        alias="REDIS_URL",
        description="Redis or Valkey, as redis:// or unix://; empty means the private server in the state folder",
    )
    host: str = Field("127.0.0.1", description="address the web process listens on")
    port: int = Field(8000, alias="PORT", description="port the web process listens on")
    state: Path = Field(Path(".careweb"), description="folder for the private servers, keys and logs")
    base_url: str = Field(
        "", description="public address, as https://care.example.org; empty means http://127.0.0.1:PORT"
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="addresses whose X-Forwarded-* headers are believed, separated by commas"
    )
    metrics_port: int = Field(0, description="port on 127.0.0.1 for the worker's own metrics; 0 turns it off")
    demo: bool = Field(
        False, description="this installation is a demonstration: says so on every page, reads caught mail at /demo"
    )
    demo_mail: Path | None = Field(
        None,
        description="folder with the mail that the demonstration caught, one .eml file a message; set by `careweb demo`",
    )

    keys: SecretStr = Field(
        SecretStr(""),
        description="master keys for sealed fields, as version:base64 separated by commas; the first seals what is new, all of them open what is there; empty means the key file in the state folder",
    )

    backup_to: str = Field(
        "",
        description="public keys (age1...) that copies of the database are encrypted to, separated by commas; `careweb backup new-key` makes a pair, whose other half is kept elsewhere",
    )
    backups_kept: timedelta = Field(
        timedelta(days=30), description="copies of the database are deleted after this long"
    )

    smtp_host: str = Field("127.0.0.1", description="mail server")
    smtp_port: int = Field(1025, description="its port")
    smtp_user: str = Field("", description="user name there, if it wants one")
    smtp_password: SecretStr = Field(SecretStr(""), description="password there")
    smtp_tls: str = Field("none", pattern="^(none|starttls|tls)$", description="none, starttls or tls")
    smtp_timeout: timedelta = Field(
        timedelta(seconds=20), description="how long one send may take, by mail or any other channel"
    )
    mail_from: str = Field("careweb <careweb@localhost>", description="sender of every message; keep it neutral")

    answers_to: Annotated[str, AfterValidator(_below)] = Field(
        "",
        description="where answers by mail and mail that comes back go, as answers+{token}@care.example.org: each message has one such address, and the mail server gives what comes there to `careweb mail-in`; empty takes none",
    )

    push_services: str = Field(
        "fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,*.push.apple.com,*.notify.windows.com",
        description="hosts of push services that a browser may name, separated by commas; empty turns web push off",
    )
    sms_url: Template = _messenger("text messages, as twilio://SID:TOKEN@+14165550100/{to}")
    sms_secret: SecretStr = Field(
        SecretStr(""),
        description="with which the gateway signs incoming texts (Twilio: the auth token); empty takes none",
    )
    telegram_url: Template = _messenger("Telegram, as tgram://TOKEN/{to}")
    signal_url: Template = _messenger(
        "Signal by a signal-cli REST gateway, as signal://localhost:8080/+14165550100/{to}"
    )
    whatsapp_url: Template = _messenger("WhatsApp, as whatsapp://TOKEN@PHONE_ID/{to}")
    matrix_url: Template = _messenger("Matrix, as matrixs://USER:PASSWORD@matrix.example.org/{to}")
    ntfy_url: Template = _messenger("ntfy, as ntfys://ntfy.example.org/{to}")

    urgent_ask_timeout: timedelta = Field(
        timedelta(minutes=30), description="an urgent ask unanswered for this long times out"
    )
    medium_ask_timeout: timedelta = Field(timedelta(hours=6), description="the same for medium")
    low_ask_timeout: timedelta = Field(timedelta(hours=24), description="the same for low")
    urgent_wave_every: timedelta = Field(timedelta(minutes=5), description="time between waves of an urgent need")
    medium_wave_every: timedelta = Field(timedelta(minutes=20), description="the same for medium")
    low_wave_every: timedelta = Field(timedelta(minutes=60), description="the same for low")
    weekly_asks: int = Field(5, description="asks one volunteer gets in seven days at most, unless they set their own")
    tick_every: timedelta = Field(
        timedelta(minutes=1), description="how often a solver looks at a whole market; 1 to 5 minutes are sensible"
    )
    tick_longest: timedelta = Field(
        timedelta(minutes=10), description="a tick that hangs for this long is given up, and its market is free again"
    )
    claims_last: timedelta = Field(
        timedelta(minutes=15), description="claims of a market whose last tick is older keep nobody from being asked"
    )
    community_regions: str = Field(
        "urban-areas",
        description="region set that tells communities of one language apart; empty means that a language is one community",
    )
    market_regions: str = Field(
        "",
        description="region set each region of which is a market of its own, ticked beside the others; empty means one market",
    )
    urgent_choice_lapses: timedelta = Field(
        timedelta(hours=2), description="an asker who wanted to see who first has this long to say yes, if urgent"
    )
    choice_lapses: timedelta = Field(timedelta(hours=24), description="the same otherwise")
    met_after: timedelta = Field(
        timedelta(days=7), description="a matched need silent this long after its by-when closes as met"
    )
    expiry_warning: timedelta = Field(timedelta(days=2), description="how long before it expires an asker is warned")
    purge_after: timedelta = Field(
        timedelta(days=14), description="names, contacts and text are destroyed this long after closing"
    )
    notices_kept: timedelta = Field(
        timedelta(days=30), description="that a message was sent, of which kind and when, is forgotten after this long"
    )
    session_lives: timedelta = Field(timedelta(days=30), description="whoever signed in does so again after this long")
    session_idle: timedelta = Field(
        timedelta(days=14), description="the same, after this long without a page; P14D is two weeks"
    )
    staff_session_lives: timedelta = Field(
        timedelta(hours=12), description="coordinators and stewards sign in again after this long"
    )
    staff_session_idle: timedelta = Field(timedelta(hours=2), description="the same, after this long without a page")
    second_step: str = Field(
        "required",
        pattern="^(off|many|required)$",
        description="whether staff must show a code of an app or a passkey too: off, required, or many (in groups of three or more staff, who can vouch for each other); a group may differ (`careweb groups second-step`)",
    )
    posts_per_network: int = Field(
        20,
        description="needs from one network (/24, or /48 of IPv6) within a day that are matched at once; those after them are held until a coordinator has looked",
    )
    same_words_most: int = Field(
        3, description="needs with the same words within a day that are matched at once; those after them are held"
    )
    notice_retry: timedelta = Field(
        timedelta(seconds=30),
        description="a message the mail server did not take is tried again after this long, then each time after four times as long",
    )
    sweep_every: timedelta = Field(
        timedelta(seconds=10), description="how often workers look for late or lost work in PostgreSQL"
    )
    lost_after: timedelta = Field(
        timedelta(seconds=15), description="a promise handed to Redis and not kept after this long is handed over again"
    )

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def push_hosts(self) -> tuple[str, ...]:
        return tuple(one.strip() for one in self.push_services.split(",") if one.strip())

    @property
    def secure(self) -> bool:
        """Cookies with the __Host- name and HSTS make sense over https only."""
        return self.public_url.startswith("https://")


@cache
def settings() -> Settings:
    env_file = os.environ.get("CAREWEB_ENV_FILE")
    return Settings(_env_file=env_file)
