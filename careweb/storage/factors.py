"""What proves a second step, by libraries that others keep: codes of an app (RFC 6238) and passkeys (WebAuthn).

`cryptography` is here already and has RFC 6238; a passkey is checked by `webauthn`, since nobody should write that twice.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

_STEP = 30  # seconds
_AROUND = (0, -1, 1)  # steps: clocks differ, and typing takes a while
APP_DIGITS = 6


class NoProofError(Exception):
    """This proves nothing."""


@dataclass(frozen=True, kw_only=True)
class Passkey:
    id: bytes
    public_key: bytes
    counter: int


def new_app_secret() -> bytes:
    return secrets.token_bytes(20)  # as long as the hash, as RFC 4226 asks


def _app(secret: bytes) -> TOTP:
    return TOTP(secret, APP_DIGITS, SHA1(), _STEP)  # noqa: S303  what apps know; HMAC does not need more of it


def app_code(secret: bytes, now: datetime) -> str:
    return _app(secret).generate(int(now.timestamp())).decode()


def app_address(secret: bytes, name: str, issuer: str) -> str:
    """What the square picture holds."""
    return _app(secret).get_provisioning_uri(name, issuer)


def step_of_code(secret: bytes, typed: str, now: datetime) -> int | None:
    """The half minute that this code belongs to, if it is one around now."""
    app, this = _app(secret), int(now.timestamp()) // _STEP
    fitting = [
        this + aside
        for aside in _AROUND
        if secrets.compare_digest(app.generate((this + aside) * _STEP).decode(), typed)
    ]
    return fitting[0] if fitting else None


def passkey_to_make(challenge: bytes, *, host: str, member: bytes, name: str, there: list[bytes]) -> str:
    """What the browser is asked for, as JSON."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=host,
            rp_name="careweb",
            user_id=member,
            user_name=name,
            challenge=challenge,
            exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in there],
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                user_verification=structs.UserVerificationRequirement.PREFERRED
            ),
        )
    )


def made_passkey(answer: str, challenge: bytes, *, host: str, origin: str) -> Passkey:
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = webauthn.verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=host, expected_origin=origin
        )
    except (WebAuthnException, ValueError) as error:
        raise NoProofError from error
    return Passkey(id=made.credential_id, public_key=made.credential_public_key, counter=made.sign_count)


def passkey_to_show(challenge: bytes, *, host: str, there: list[bytes]) -> str:
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=host,
            challenge=challenge,
            allow_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in there],
        )
    )


def shown_passkey(answer: str) -> bytes:
    """Which one the browser says this is."""
    import webauthn

    try:
        return webauthn.base64url_to_bytes(json.loads(answer)["rawId"])
    except (ValueError, KeyError, TypeError) as error:
        raise NoProofError from error


def counter_of_passkey(answer: str, challenge: bytes, passkey: Passkey, *, host: str, origin: str) -> int:
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        shown = webauthn.verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=host, expected_origin=origin,
            credential_public_key=passkey.public_key, credential_current_sign_count=passkey.counter,
        )  # fmt: skip
    except (WebAuthnException, ValueError) as error:
        raise NoProofError from error
    return shown.new_sign_count
