"""Trials of the server itself: is it there, which FHIR, what time, who may."""

import contextlib

from reminder.ehr.capabilities import stated
from reminder.ehr.errors import EHRRefused
from reminder.ehr.probing.asking import searchset
from reminder.ehr.probing.session import Result, Session, failed, passed, unknown
from reminder.ehr.probing.tls import handshake
from reminder.ehr.reading.raw import Resource, as_object
from reminder.ehr.reading.text import plain
from reminder.ehr.wire.auth import NoAuth
from reminder.ehr.wire.http import Answer

MOST_SKEW_S = 60
_RELEASES = {
    "0.": "DSTU1",
    "1.": "DSTU2",
    "3.": "STU3",
    "4.0": "R4",
    "4.3": "R4B",
    "4.": "R5 (ballot)",
    "5.": "R5",
    "6.": "R6",
}
_READ = frozenset({"R4", "R4B"})  # Appointment is the same in both.


async def tls(session: Session) -> Result:
    """The connection is encrypted, and the certificate is good."""
    if not session.direct:
        return unknown(why="no network between")
    return await handshake(session.config, session.clock())


async def reachable(session: Session) -> Result:
    """Something answers at /metadata, whatever it says."""
    try:
        answer = await _metadata(session)
    except EHRRefused as error:
        # A 401 is an answer, and so is a page that is too large.
        return passed(answer=str(error))
    session.statement = _as_statement(answer)
    session.clock_skew_s = _skew_s(session, answer)
    return passed(status=answer.status, ms=session.asking.took_ms[-1])


async def _metadata(session: Session) -> Answer:
    """As FHIR has it, it needs no credential; some want one all the same."""
    try:
        return await session.asking.get("metadata", as_stranger=True)
    except EHRRefused:
        if isinstance(session.config.auth, NoAuth):
            raise
        return await session.asking.get("metadata")


def _as_statement(answer: Answer) -> Resource | None:
    if answer.status != 200:
        return None
    try:
        return as_object(answer.parsed())
    except EHRRefused:
        return None


def _skew_s(session: Session, answer: Answer) -> int | None:
    said = answer.date()
    if said is None:
        return None
    # The header has whole seconds, and the answer took its time.
    travelled_s = session.asking.took_ms[-1] / 1000
    ahead = (said - session.clock()).total_seconds()
    return round(ahead if ahead > 0 else min(0.0, ahead + travelled_s + 1))


async def statement(session: Session) -> Result:
    """It says what it can do."""
    found = session.statement
    if found is None or found.get("resourceType") != "CapabilityStatement":
        kind = plain((found or {}).get("resourceType"), 40)
        return failed(kind=kind) if kind else failed()
    session.stated = stated(found)
    known = session.stated
    offered = known.search_parameters & {
        *("date", "patient", "practitioner", "location", "actor", "_lastUpdated")
    }
    return passed(
        software=known.software or "not said", searches_by=" ".join(sorted(offered))
    )


async def fhir_version(session: Session) -> Result:
    """It speaks FHIR R4."""
    if (session.statement or {}).get("resourceType") == "Conformance":
        return _wrong("DSTU2", "")
    version = session.stated.fhir_version
    if not version:
        return unknown(why="it does not say")
    release = next(
        (name for start, name in _RELEASES.items() if version.startswith(start)), "?"
    )
    if release in _READ:
        return passed(version=version, release=release)
    return _wrong(release, version)


def _wrong(release: str, version: str) -> Result:
    return failed(
        f"This is FHIR {release}. Reminder reads R4 (4.0): ask for the address of "
        "the R4 endpoint; most servers have one beside this.",
        version=version,
        release=release,
    )


async def clock(session: Session) -> Result:
    """Its clock and ours agree to the minute."""
    skew = session.clock_skew_s
    if skew is None:
        return unknown(why="no Date header")
    verdict = failed if abs(skew) > MOST_SKEW_S else passed
    return verdict(seconds_ahead=skew)


async def smart_configuration(session: Session) -> Result:
    """It says where tokens come from."""
    answer = await session.asking.get(
        ".well-known/smart-configuration", as_stranger=True
    )
    if answer.status != 200:
        return unknown(status=answer.status)
    said = as_object(answer.parsed())
    endpoint = plain(said.get("token_endpoint"), 200)
    methods = _words(said.get("token_endpoint_auth_methods_supported"))
    algorithms = _words(said.get("token_endpoint_auth_signing_alg_values_supported"))
    if not endpoint:
        return unknown(why="no token_endpoint in it")
    return passed(token_endpoint=endpoint, methods=methods, algorithms=algorithms)


def _words(value: object) -> str:
    listed = value if isinstance(value, list) else []
    return " ".join(plain(each, 40) for each in listed[:10])


async def authentication(session: Session) -> Result:
    """Our credential is taken."""
    try:
        answer = await session.asking.get("Appointment", [("_count", "1")])
    except EHRRefused as error:
        if isinstance(session.config.auth, NoAuth):
            return failed("It asks for a credential: see --auth.", answer=str(error))
        return failed(answer=str(error))
    if answer.status == 200 and not _is_fhir(answer):
        return failed("This is no answer of a FHIR server: check the address.")
    session.offered = answer.status not in (404, 405)
    with contextlib.suppress(EHRRefused):  # Some want to be asked for more.
        session.keep(searchset(answer, "Appointment").matches)
    if isinstance(session.config.auth, NoAuth):
        return passed(credential="none")
    return passed(credential=session.config.auth.kind)


def _is_fhir(answer: Answer) -> bool:
    try:
        return "resourceType" in as_object(answer.parsed())
    except EHRRefused:
        return False


async def scopes(session: Session) -> Result:
    """The token brings every scope that is needed."""
    tokens = session.asking.client.tokens
    if tokens.wanted is None:
        return unknown(why="no scopes with this kind of credential")
    missing = tokens.not_granted
    if missing:
        return failed(missing=" ".join(plain(each, 80) for each in missing[:20]))
    if tokens.granted is None:
        return passed(granted="as asked for")
    return passed(granted=plain(tokens.granted, 300))


async def appointments_offered(session: Session) -> Result:
    """It has Appointments at all."""
    return passed() if session.offered else failed()
