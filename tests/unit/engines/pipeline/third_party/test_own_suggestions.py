"""What speaks for one owner of two domains, and what does not."""

import pytest

from app.domain.own_domains import POSSIBLY_OWN, OwnSign, possibly_own_of
from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord, TlsFacts
from app.engines.pipeline.third_party.own_suggestions import MAX_CERTIFICATE_DOMAINS, OwnSuggestions, plain_name
from app.engines.scope import Scope


class Checkpoints:
    def __init__(self):
        self.kept = {}

    def put_checkpoint(self, key, value):
        self.kept[key] = value

    def checkpoint(self, key):
        return self.kept.get(key)


class Dns:
    def __init__(self, **servers):
        self.servers, self.asked = {name.replace("_", "."): found for name, found in servers.items()}, []

    async def query(self, name, rdtype="A"):
        assert rdtype == "NS"
        self.asked.append(name)
        found = self.servers.get(name, ())
        records = tuple(DnsRecord(name, "NS", server, 60) for server in found)
        return DnsAnswer(name, DnsOutcome.ANSWER if found else DnsOutcome.NODATA, records)


class Registrants:
    def __init__(self, own="", **registrants):
        self.own, self.registrants = own, {name.replace("_", "."): found for name, found in registrants.items()}
        self.asked = []

    async def ask_registrant(self, domain):
        self.asked.append(domain)
        return self.own


def suggestions(store, dns=None, registrants=None, own=()):
    scope = Scope("www.corp.example", frozenset(own))
    return OwnSuggestions(scope=scope, dns=dns or Dns(), registrants=registrants or Registrants(), store=store)


def found_in(store):
    return {one.domain: one.signs for one in possibly_own_of(store.checkpoint(POSSIBLY_OWN))}


def certificate(*names, valid=True):
    return TlsFacts(names=names, valid=valid)


def test_a_certificate_suggests_what_is_foreign_in_it():
    store = Checkpoints()
    names = ("*.corp.example", "corp.example", "*.group.example", "shop.group.example", "192.0.2.1", "mine.example")
    suggestions(store, own=["mine.example"]).saw_certificate(certificate(*names))
    assert found_in(store) == {"group.example": (OwnSign.CERTIFICATE,)}


@pytest.mark.parametrize(
    "facts",
    [
        certificate("group.example", valid=False),
        certificate(*(f"stranger{number}.example" for number in range(MAX_CERTIFICATE_DOMAINS + 1))),
    ],
)
def test_a_certificate_that_proves_nothing_or_is_a_hosters_suggests_nothing(facts):
    store = Checkpoints()
    suggestions(store).saw_certificate(facts)
    assert store.kept == {}


async def test_name_servers_in_the_targets_own_zone_suggest_whom_they_serve():
    store = Checkpoints()
    dns = Dns(
        corp_example=["ns1.corp.example"], sister_example=["ns1.corp.example"], other_example=["ns1.provider.example"]
    )
    await suggestions(store, dns).find(["sister.example", "other.example", "silent.example", "2001:db8::1"])
    assert found_in(store) == {"sister.example": (OwnSign.NAME_SERVERS,)}
    assert "2001:db8::1" not in dns.asked


async def test_a_providers_name_servers_suggest_nothing_and_nobody_is_asked():
    store = Checkpoints()
    dns = Dns(corp_example=["ns1.provider.example"], sister_example=["ns1.provider.example"])
    await suggestions(store, dns).find(["sister.example"])
    assert (store.kept, dns.asked) == ({}, ["corp.example"])


async def test_the_same_registrant_suggests_unless_the_name_hides_who_it_is():
    store = Checkpoints()
    same = Registrants("Corp Holding, Ltd.", sister_example="CORP HOLDING LTD", other_example="Somebody Else")
    await suggestions(store, registrants=same).find(["sister.example"])
    assert found_in(store) == {"sister.example": (OwnSign.REGISTRANT,)}
    hidden = Checkpoints()
    nobody = Registrants("REDACTED FOR PRIVACY", sister_example="REDACTED FOR PRIVACY")
    await suggestions(hidden, registrants=nobody).find(["sister.example"])
    assert (hidden.kept, nobody.asked) == ({}, [])


@pytest.mark.parametrize("name", ["Domains By Proxy, LLC", "Withheld for Privacy ehf", "N/A", "", "ab", "GDPR Masked"])
def test_a_name_that_hides_who_it_is_is_none(name):
    assert plain_name(name) == ""


async def test_an_attempt_that_goes_on_keeps_what_was_found_before():
    store = Checkpoints()
    suggestions(store).saw_certificate(certificate("group.example"))
    second = suggestions(store, Dns(corp_example=["ns.corp.example"], group_example=["ns.corp.example"]))
    second.load()
    await second.find(["group.example"])
    assert found_in(store) == {"group.example": (OwnSign.CERTIFICATE, OwnSign.NAME_SERVERS)}
