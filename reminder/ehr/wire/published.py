"""Says which keys of ours each EHR is to know, and what each of them is for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import SecretStr

from reminder.ehr.wire.auth import Auth, SMARTAuth
from reminder.ehr.wire.jwks import SMARTKey, jwk_set, read_key


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One key of a connection; one that does not sign is only published."""

    key: SMARTKey
    signs: bool


def keys_of(auth: Auth) -> Iterator[PublishedKey]:
    """The keys of a connection, the one that signs first, each once."""
    if not isinstance(auth, SMARTAuth):
        return
    signing = _key(auth.private_key)
    yield PublishedKey(signing, signs=True)
    seen = {signing.kid}
    for each in map(_key, auth.published_keys):
        if each.kid not in seen:
            seen.add(each.kid)
            yield PublishedKey(each, signs=False)


def public_keys(auths: Iterable[Auth]) -> bytes:
    """The JWK Set with the public keys of all these connections."""
    return jwk_set(each.key for auth in auths for each in keys_of(auth))


def _key(pem: SecretStr) -> SMARTKey:
    return read_key(pem.get_secret_value())
