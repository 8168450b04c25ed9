"""Names that anyone can take over: unclaimed at a service, or unregistered domains."""

import re
from collections.abc import Iterator
from typing import Final

from app.domain.scan_facts import Reference, Registration, RegistrationState
from app.domain.takeovers import takeover_snippet
from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.analyse.takeover.dangling import MAX_ANSWER, DanglingServices, load_dangling

CERTAIN: Final = 0.92
LIKELY: Final = 0.65  # a person looks: the service may ask for a proof that the name is one's own
CHANGED_HANDS: Final = 0.55  # a person looks: owners let a domain lapse and come back
_ENDING: Final = frozenset({"pending delete", "redemption period", "pendingdelete", "redemptionperiod"})
# The date in the address of an article: /2019/05/, /2019-05-17/, /201905/17. Years in which there was a web.
_DATED: Final = re.compile(r"/(199\d|20\d\d)[/-]?(0[1-9]|1[0-2])(?:[/-]?(0[1-9]|[12]\d|3[01]))?(?=[/_.-]|$)")


class Takeover:
    """Asked of every capture, whatever lists say: an allowed service can have been left as well. Immutable."""

    def __init__(self, services: DanglingServices | None = None) -> None:
        """Raises `ServiceTableError` when the shipped table is broken."""
        self._services = services or load_dangling()

    def examine(self, subject: Subject) -> Iterator[Signal]:
        yield from self._at_service(subject)
        if subject.capture.registration is not None:
            yield from _by_registry(subject, subject.capture.registration)

    def _at_service(self, subject: Subject) -> Iterator[Signal]:
        capture = subject.capture
        aliases = capture.dns.cnames if capture.dns is not None else ()
        found = self._services.at((capture.host, *aliases))
        if found is None or capture.hops:  # who forwards is there
            return
        service, name = found
        if service.sign == "gone":
            is_left = capture.dead
        else:
            said = f"{subject.title}\n{subject.page.text[:MAX_ANSWER]}".lower().replace("\u2019", "'")
            is_left = service.is_denied(capture.status, said)
        if is_left:
            yield Signal(
                ViolationKey.TAKEOVER,
                Evidence(
                    layer=Layer.STRUCTURE,
                    rule=f"takeover.{service.sign}:{service.id}",
                    score=CERTAIN if service.is_certain else LIKELY,
                    snippet=takeover_snippet(capture.host, name),
                    provenance=f"services {self._services.version}",
                    terms=(service.name,),
                ),
            )


def written_on(url: str) -> str:
    """The date in the address of a page, as an ISO date (the last day that it can mean); "": there is none."""
    found = _DATED.search(url.partition("?")[0])
    return f"{found[1]}-{found[2]}-{found[3] or '31'}" if found else ""


def _by_registry(subject: Subject, registration: Registration) -> Iterator[Signal]:
    if registration.state is RegistrationState.UNREGISTERED:
        if subject.capture.dead:  # resolvers and the registry say the same
            yield _registry_signal("unregistered", CERTAIN, registration)
        return
    ending = next((status for status in registration.statuses if status in _ENDING), "")
    if ending:
        yield _registry_signal("expiring", LIKELY, registration, ending)
    elif any(_is_older(reference, registration) for reference in subject.references):
        yield _registry_signal("reregistered", CHANGED_HANDS, registration, registration.registered_on)


def _is_older(reference: Reference, registration: Registration) -> bool:
    """Whether the page that refers to the domain is dated, and before its registration."""
    written = written_on(reference.page_url)
    return bool(written and registration.registered_on) and written < registration.registered_on


def _registry_signal(rule: str, score: float, registration: Registration, *terms: str) -> Signal:
    return Signal(
        ViolationKey.TAKEOVER,
        Evidence(
            layer=Layer.STRUCTURE,
            rule=f"takeover.{rule}",
            score=score,
            snippet=registration.domain,
            provenance=f"RDAP, {registration.asked_on}, {registration.source}",
            terms=terms,
        ),
    )
