"""The registry of `.test`: who has registered a domain, over RDAP, and the list that says where to ask."""

import json
from collections.abc import Mapping
from typing import Any

from testnet.model import Fallback, Party, Reach, Resource

HOST = "rdap.registry.test"
LIST_PATH = "/list.json"
QUESTION = "/domain/"
FOUND, MISSING = 200, 404
CONFORMANCE = ["rdap_level_0"]


def answer_registrations(parties: Mapping[str, Party]) -> Fallback:
    """Every party is registered but those whose domain does not exist."""
    known = {domain: party for domain, party in parties.items() if not party.dead}

    def answer(path: str) -> Resource | None:
        if path == LIST_PATH:
            services = [[["test"], [f"http://{HOST}/"]]]
            return say(path, {"version": "1.0", "publication": "2024-03-01T00:00:00Z", "services": services})
        if not path.startswith(QUESTION):
            return None
        party = known.get(path.removeprefix(QUESTION))
        if party is None:
            return say(path, {"errorCode": MISSING, "title": "Not found", "rdapConformance": CONFORMANCE}, MISSING)
        return say(path, describe(party))

    return answer


def describe(party: Party) -> dict[str, Any]:
    events = [
        {"eventAction": "registration", "eventDate": f"{party.registered_on}T08:00:00Z"},
        {"eventAction": "expiration", "eventDate": f"{party.expires_on}T08:00:00Z"},
    ]
    card = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Test Names Ltd."]]]
    return {
        "rdapConformance": CONFORMANCE,
        "objectClassName": "domain",
        "ldhName": party.domain,
        "status": list(party.statuses),
        "events": events,
        "entities": [{"objectClassName": "entity", "roles": ["registrar"], "vcardArray": card}],
    }


def say(path: str, content: dict[str, Any], status: int = FOUND) -> Resource:
    return Resource(
        path=path,
        body=json.dumps(content).encode(),
        content_type="application/rdap+json",
        status=status,
        reach=Reach.ORPHAN,
    )
