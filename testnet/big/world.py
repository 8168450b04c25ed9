"""The big world, put together: hosts, names, third parties, and the table of what a scan has to say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

from testnet import registry
from testnet.big import names, outside, traps
from testnet.big.campus import UNITS, department_of, ordinary, start
from testnet.big.changed import changed_pages
from testnet.big.frame import TARGET, Department
from testnet.big.hidden import designs, goals, hidden_links
from testnet.big.outside import Outside
from testnet.big.papers import papers
from testnet.big.planted import Planted, all_items
from testnet.big.references import references
from testnet.big.scripted import applications
from testnet.big.shaded import Shaded, shaded_hosts
from testnet.big.twins import twins
from testnet.certlog import HOST_ID
from testnet.documents import document, leave, table
from testnet.ground import Ground
from testnet.model import Host, Item, Name, Party, Reach, Resource, World
from testnet.parties import build_host
from testnet.shapes import location_header

OWN_BLOCK, PARTY_BLOCK, SERVICE_BLOCK = 11, 14, 15  # third octets of the addresses
QUICK: Final = (1, 8)  # ms: what is slow here is slow on purpose
CT_HOST: Final = "crt.ct-log.test"


def build_big_world(ground: Ground) -> World:
    planted = tuple(chain(references(), hidden_links(), designs(), changed_pages(), twins(), papers(), applications()))
    shaded = {one.label: one for one in shaded_hosts()}
    parties = (*outside.VISIBLE, *outside.HONEST, *outside.PLAIN, *outside.FADED, *outside.INTRUDERS, *goals())
    registered = build_parties(parties)
    own = (*unit_hosts(ground, planted, shaded), *names.small_hosts(ground))
    foreign = (*party_hosts(ground, parties), *service_hosts(ground, registered))
    hosts = {host.name: host for host in (*own, *foreign)}
    known = (*names.names(hosts, ground), *foreign_names(hosts, parties))
    return World(
        hosts=hosts,
        names={name.name: name for name in known},
        parties=registered,
        certificates=names.certificates(),
        zone_servers=names.zone_servers(ground),
        targets=(TARGET,),
        items=(
            *all_items(planted),
            *(item for one in shaded.values() for item in one.items),
            *names.name_items(),
            *further_items(),
        ),
    )


def further_items() -> Iterator[Item]:
    """Where a third party leads that the university refers to: on no page of its own."""
    yield Item(id="partner-end", family="trade", domain="partner-end.test", violations=("gambling",))


def unit_hosts(ground: Ground, planted: Iterable[Planted], shaded: Mapping[str, Shaded]) -> Iterator[Host]:
    """Each unit's host, with all that was put into it."""
    extra: dict[str, list[Planted]] = defaultdict(list)
    for one in planted:
        extra[one.label].append(one)
    endless = {trap.label: trap for trap in traps.traps()}
    rules = traps.robots()
    for number, unit in enumerate(UNITS, start=1):
        trap, face = endless.get(unit.label), shaded.get(unit.label)
        ways = [(one.resource.path, one.text) for one in extra[unit.label]]
        ways += [trap.entry] if trap else []
        own = [*rules.get(unit.label, []), *(one.resource for one in extra[unit.label])]
        yield Host(
            id=f"unit:{unit.label or 'apex'}",
            name=unit.host,
            address=ground.address(OWN_BLOCK, number),
            schemes=("http", "https") if unit.scheme == "https" else ("http",),
            upgrade=unit.scheme == "https",
            resources=table(unit_resources(unit, face, own, ways)),
            fallback=trap.answer if trap else None,
            trap=trap.paths if trap else "",
            faces=face.face if face else None,
            shown=face.shown if face else (),
            delay_ms=QUICK,
            certified=names.CERTIFIED if unit.label == "cs" else (),
        )


def unit_resources(
    unit: Department, face: Shaded | None, own: list[Resource], ways: list[tuple[str, str]]
) -> Iterator[Resource]:
    if not unit.label:
        yield leave("/", location_header(department_of("www").host), 301)
        return
    further = {
        "www": [("/mapped.html", "网站说明")],
        "xb": [("/gao.html", "稿件")],
        "kyc": [("/data/index.html", "数据")],
    }
    first = face.start if face else start(unit)
    policy = (("Content-Security-Policy-Report-Only", names.POLICY),) if unit.label == "www" else ()
    yield replace(first, headers=(*first.headers, *policy))
    yield from ordinary(unit, tuple(ways + further.get(unit.label, [])))
    yield from own
    if unit.label == "kyc":
        yield from traps.bodies()


def party_hosts(ground: Ground, parties: Iterable[Outside]) -> Iterator[Host]:
    sites = [party.site for party in parties if party.site is not None]
    for number, site in enumerate(sites, start=1):
        yield build_host(site, ground.address(PARTY_BLOCK, number))


def build_parties(parties: Iterable[Outside]) -> dict[str, Party]:
    """What is known to be missed is no violation that a scan has to find."""
    return {
        party.domain: Party(
            domain=party.domain,
            violation="" if party.known_miss else party.violation,
            dead=party.dead,
            leads_to=party.site.leads_to if party.site is not None else "",
            category=party.site.category if party.site is not None else "unknown",
            **party.registration,
        )
        for party in parties
    }


def service_hosts(ground: Ground, parties: Mapping[str, Party]) -> Iterator[Host]:
    log = document("/", "Certificate log", lang="en", reach=Reach.ORPHAN)
    yield Host(
        id=HOST_ID, name=CT_HOST, address=ground.address(SERVICE_BLOCK, 1), schemes=("http",), resources=table([log])
    )
    yield Host(
        id="service:registry",
        name=registry.HOST,
        address=ground.address(SERVICE_BLOCK, 2),
        schemes=("http",),
        fallback=registry.answer_registrations(parties),
    )


def foreign_names(hosts: Mapping[str, Host], parties: Iterable[Outside]) -> Iterator[Name]:
    aliases = {party.site.host: party.site.alias_of for party in parties if party.site and party.site.alias_of}
    for host in hosts.values():
        if host.name.endswith(TARGET):
            continue
        alias = aliases.get(host.name)
        if alias:
            yield Name(name=host.name, records=(("CNAME", alias),))
        yield Name(name=alias or host.name, records=(("A", host.address),))
