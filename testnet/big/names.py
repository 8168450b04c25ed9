"""How the names of the university are found, and what else its zones answer: wildcards, loops, names left behind."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from testnet.big.campus import UNITS, below
from testnet.big.frame import TARGET
from testnet.big.prose import Prose
from testnet.documents import document, paragraphs
from testnet.ground import Ground
from testnet.model import Certificate, Host, Item, Name, Reach, Resource, ZoneServer

HTTP: Final[tuple[Literal["http", "https"], ...]] = ("http",)
BLOCK, NAME_BLOCK, NOBODY = 12, 13, 250  # third octets, and an address where nobody listens
DATA, LAB = below("data"), below("lab")  # zones of their own: one of DATA's servers gives it away, LAB has NSEC records
POLICY = f"default-src 'self' http://{below('media-k3')}"  # of the main site: names a host that nothing else does
CERTIFIED = (below("tls-only-9"),)  # names that stand in the certificate of the computing department alone


class Small(NamedTuple):
    """A host of one page, which is found in one way. `beside`: it shares the address of that wildcard."""

    label: str
    found_by: tuple[str, ...]
    title: str
    beside: str = ""


SMALL: Final = (
    Small("ct-only-3b", ("certificate_log",), "预订系统"),
    Small("tls-only-9", ("certificate",), "内部入口"),
    Small("media-k3", ("page",), "媒体资源"),
    Small("node1", ("dictionary",), "节点一"),
    Small("node3", ("permutation",), "节点三"),
    Small("books-17.data", ("zone_transfer",), "台账"),
    Small("q9.lab", ("zone_transfer",), "实验九"),
    Small("probe-4.lab", ("zone_transfer",), "探针"),
    Small("main.dorm", ("dictionary",), "宿舍总站"),
    Small("portal.shop", ("dictionary",), "统一门户", "*.shop"),
)
# What every name below shows; none of these is a finding. The last two have no web server, or lead on by an alias.
WILDCARDS: Final = ("*.dorm", "*.shop", "*.eu.shop", "*.apps")


def small_hosts(ground: Ground) -> Iterator[Host]:
    addresses = {label: ground.address(BLOCK, number) for number, label in enumerate(WILDCARDS, start=200)}
    for label in WILDCARDS:
        page = small_page(f"任意站点 {label}", Reach.ORPHAN)
        yield Host(
            id=f"wild:{label}", name=below(label), address=addresses[label], schemes=HTTP,
            resources={"/": page}, delay_ms=(1, 5),
        )  # fmt: skip
    for number, small in enumerate(SMALL, start=1):
        address = addresses.get(small.beside) or ground.address(BLOCK, number)
        yield Host(
            id=f"small:{small.label}", name=below(small.label), address=address, schemes=HTTP,
            resources={"/": small_page(small.title)}, delay_ms=(1, 5),
        )  # fmt: skip


def small_page(title: str, reach: Reach = Reach.PAGE) -> Resource:
    return document("/", title, paragraphs(Prose(f"small:{title}").paragraphs(3)), reach=reach)


def names(hosts: Mapping[str, Host], ground: Ground) -> Iterator[Name]:
    servers = zone_servers(ground)
    for unit in UNITS:
        if unit.label:
            yield Name(name=unit.host, records=_at(hosts, unit.host), found_by=("page",), subdomain=True)
    apex = (*_at(hosts, TARGET), ("NS", servers[0].name), ("MX", f"10 mx.{TARGET}"), ("TXT", '"v=spf1 -all"'))
    yield Name(name=TARGET, records=apex, found_by=("target",), subdomain=True)
    for small in SMALL:
        name = below(small.label)
        yield Name(name=name, records=_at(hosts, name), found_by=small.found_by, subdomain=True)
    yield from _wildcards(hosts, ground)
    yield from _oddities(ground)
    yield Name(name=DATA, records=(("NS", servers[0].name), ("NS", servers[1].name)))
    yield Name(name=LAB, records=(("NS", servers[2].name),))
    for server in servers:
        yield Name(name=server.name, records=(("A", server.address),))


def _wildcards(hosts: Mapping[str, Host], ground: Ground) -> Iterator[Name]:
    """One address, two levels, a pool of addresses, an alias, an address where nobody listens, a text alone."""
    pool = tuple(("A", ground.address(BLOCK, number)) for number in (NOBODY + 1, NOBODY + 2))
    yield Name(name=below("*.dorm"), records=_at(hosts, below("*.dorm")))
    yield Name(name=below("*.eu.shop"), records=_at(hosts, below("*.eu.shop")))
    yield Name(name=below("*.shop"), records=(*_at(hosts, below("*.shop")), *pool))
    yield Name(name=below("*.apps"), records=(("CNAME", "shared.hosting-pool.test"),))
    yield Name(name="shared.hosting-pool.test", records=_at(hosts, below("*.apps")))
    yield Name(name=below("*.dev"), records=(("A", ground.address(BLOCK, NOBODY)),))
    yield Name(name=below("*.demo"), records=(("TXT", '"nothing here"'),))


def _oddities(ground: Ground) -> Iterator[Name]:
    yield Name(name=below("wap"), records=(("CNAME", "wap.edge-way.test"),))
    yield Name(name="wap.edge-way.test", records=(("CNAME", below("wap")),))  # an alias loop
    yield Name(name=below("ftp"), records=(("TXT", '"no address"'),))
    yield Name(name=below("lame"), rcode="SERVFAIL", delay_ms=300)
    yield Name(name=below("intra"), records=(("A", "127.0.0.1"),), found_by=("certificate_log",), subdomain=True)
    # Applications of past years: given up at their hosts, and still named here.
    yield Name(
        name=below("expo-2023"),
        records=(("CNAME", "qichuan-expo.azurewebsites.net"),),
        found_by=("certificate_log",),
        left_behind=True,
    )
    yield Name(name="azurewebsites.net", records=(("TXT", '"applications"'),))
    yield Name(name="silent-zone.test", rcode="SERVFAIL", delay_ms=400)
    yield Name(name="shut-door.test", records=(("A", ground.address(BLOCK, NOBODY)),))


def _at(hosts: Mapping[str, Host], name: str) -> tuple[tuple[str, str], ...]:
    return (("A", hosts[name].address),)


def zone_servers(ground: Ground) -> tuple[ZoneServer, ...]:
    """One keeps everything to itself, the second gives a zone to anybody, the third serves a signed zone."""
    given = {"ns2": {"transfers": (DATA,)}, "ns3": {"signed": (LAB,)}}
    return tuple(
        ZoneServer(name=f"{label}.qichuan-dns.test", address=ground.address(NAME_BLOCK, number), **given.get(label, {}))
        for number, label in enumerate(("ns1", "ns2", "ns3"), start=1)
    )


def certificates() -> tuple[Certificate, ...]:
    """Names that the log alone knows, beside gone ones, wildcards and nonsense."""
    logged = ("ct-only-3b", "intra", "expo-2023", "gone-portal-2017", "*.dorm")
    return (
        *(Certificate(names=(below(label),), common_name=below(label)) for label in logged),
        Certificate(names=(f"admin@{TARGET}", f"-x..{TARGET}", below("lib")), common_name=below("lib")),
        Certificate(names=(below("www"), "shared.other-customer.test"), common_name="shared.other-customer.test"),
    )


def name_items() -> Iterator[Item]:
    yield Item(id="left-behind", family="takeover", domain=TARGET, violations=("takeover",))
    for small in SMALL:
        yield Item(
            id=f"name-{small.label}", family="name", domain=below(small.label), page=f"http://{below(small.label)}/"
        )
