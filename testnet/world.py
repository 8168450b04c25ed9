"""The one world: which names, hosts, third parties and certificates there are, with their addresses."""

from collections.abc import Iterator
from itertools import count
from typing import Literal

from testnet import registry
from testnet.certlog import HOST_ID
from testnet.documents import document, table
from testnet.ground import Ground
from testnet.model import Certificate, Fallback, Host, Name, Reach, Resource, World, ZoneServer
from testnet.parties import SITES, build_host, build_parties
from testnet.sites import archive, bbs, blog, depth, shade, shop, small, www, www_traps

TARGET = "corp.test"
CT_HOST = "crt.ct-log.test"
Scheme = Literal["http", "https"]
HTTP: tuple[Scheme, ...] = ("http",)
HTTPS: tuple[Scheme, ...] = ("http", "https")  # http does nothing but send on to https
CORP_BLOCK, PARTY_BLOCK, SERVICE_BLOCK, SHADE_BLOCK, DEPTH_BLOCK = 1, 2, 3, 4, 5  # third octets of the addresses
NOBODY = 250  # number of an address where nobody listens
BIG_TEXT = tuple(("TXT", f'"note-{number:02d}={"x" * 120}"') for number in range(20))  # does not fit into a datagram


def build_world(ground: Ground) -> World:
    services = (ct_host(ground), registry_host(ground))
    own = (*corp_hosts(ground), *shade_hosts(ground), *depth_hosts(ground))
    hosts = {host.name: host for host in (*own, *party_hosts(ground), *services)}
    servers = depth.zone_servers((ground.address(0, 54), ground.address(0, 55), ground.address(0, 56)))
    own_names = (*corp_names(hosts), *shade_names(hosts), *depth_names(hosts, servers))
    names = {name.name: name for name in (*own_names, *foreign_names(hosts, ground))}
    return World(
        hosts=hosts,
        names=names,
        parties=build_parties(SITES),
        certificates=certificates(),
        zone_servers=servers,
    )


def corp_hosts(ground: Ground) -> Iterator[Host]:
    numbers = count(1)

    def host(
        label: str,
        resources: list[Resource],
        schemes: tuple[Scheme, ...],
        low_ms: int,
        high_ms: int,
        fallback: Fallback | None = None,
        trap: str = "",
    ) -> Host:
        return Host(
            id=f"corp:{label or 'apex'}",
            name=f"{label}.{TARGET}" if label else TARGET,
            address=ground.address(CORP_BLOCK, next(numbers)),
            schemes=schemes,
            upgrade=schemes == HTTPS,
            resources=table(resources),
            fallback=fallback,
            trap=trap,
            delay_ms=(low_ms, high_ms),
        )

    yield host("", small.apex(), HTTP, 60, 120)
    yield host("www", www.resources(), HTTPS, 150, 400, www_traps.answer_calendar, www_traps.CALENDAR.pattern)
    yield host("mail", small.mail(), HTTPS, 100, 200)
    yield host("oa", small.oa(), HTTP, 200, 400)
    yield host("bbs", bbs.resources(), HTTP, 200, 500)
    yield host("blog", blog.resources(), HTTPS, 150, 350)
    yield host("shop", shop.resources(), HTTPS, 100, 250, shop.answer_session, shop.SESSION_URL.pattern)
    yield host("m", small.mobile(), HTTP, 80, 160)
    yield host("wap", small.mobile(), HTTP, 80, 160)
    yield host("help", small.help_center(), HTTPS, 120, 240)
    yield host("archive", archive.resources(), HTTP, 200, 450)
    yield host("campaign-618", small.campaign(), HTTP, 100, 200)
    yield host("static-7x", small.material(), HTTP, 60, 120)
    yield host("k8s-ingress-a7", small.ingress(), HTTPS, 100, 200)
    yield host("dev", small.developers(), HTTP, 100, 200)
    yield host("api.dev", small.interface(), HTTP, 100, 200)
    yield host("*.dev", small.wildcard(), HTTP, 60, 120)


def shade_hosts(ground: Ground) -> Iterator[Host]:
    """Hosts that show some of their visitors something else; the demo does not know them."""
    for number, site in enumerate(shade.sites(), start=1):
        yield Host(
            id=f"shade:{site.label or 'apex'}",
            name=f"{site.label}.{shade.TARGET}" if site.label else shade.TARGET,
            address=ground.address(SHADE_BLOCK, number),
            schemes=HTTP,
            resources=table(site.resources),
            faces=site.faces,
            shown=site.shown,
        )


def depth_hosts(ground: Ground) -> Iterator[Host]:
    """Hosts that are found by one way each; the demo does not know them."""
    addresses: dict[str, str] = {}
    for number, site in enumerate(depth.sites(), start=1):
        shared = None if site.address_of is None else addresses[site.address_of]
        addresses[site.label] = shared or ground.address(DEPTH_BLOCK, number)
        yield Host(
            id=f"depth:{site.label or 'apex'}",
            name=below_depth(site.label),
            address=addresses[site.label],
            schemes=site.schemes,
            resources=table(site.resources),
            certified=site.certified,
            delay_ms=(5, 15),
        )


def below_depth(label: str) -> str:
    return f"{label}.{depth.TARGET}" if label else depth.TARGET


def party_hosts(ground: Ground) -> Iterator[Host]:
    for number, site in enumerate(SITES, start=1):
        yield build_host(site, ground.address(PARTY_BLOCK, number))


def ct_host(ground: Ground) -> Host:
    page = document("/", "Certificate log", lang="en", reach=Reach.ORPHAN)
    address = ground.address(SERVICE_BLOCK, 1)
    return Host(id=HOST_ID, name=CT_HOST, address=address, schemes=HTTP, resources=table([page]), delay_ms=(300, 600))


def registry_host(ground: Ground) -> Host:
    """It is asked by scans that name it among their sources: the settings that are printed do not."""
    return Host(
        id="service:registry",
        name=registry.HOST,
        address=ground.address(SERVICE_BLOCK, 2),
        schemes=HTTP,
        fallback=registry.answer_registrations(build_parties(SITES)),
    )


def corp_names(hosts: dict[str, Host]) -> Iterator[Name]:
    by_dictionary = ("www", "mail", "oa", "bbs", "blog", "shop", "m", "help", "dev")
    for label in by_dictionary:
        extra = ("page",) if label in ("bbs", "blog", "shop", "m", "www") else ()
        yield corp_name(hosts, label, "dictionary", *extra)
    yield corp_name(hosts, "api.dev", "certificate_log")
    yield corp_name(hosts, "k8s-ingress-a7", "certificate_log")
    yield corp_name(hosts, "campaign-618", "page")
    yield corp_name(hosts, "static-7x", "page")
    yield Name(
        name=f"archive.{TARGET}",
        records=records(hosts, f"archive.{TARGET}"),
        delay_ms=700,
        found_by=("page",),
        subdomain=True,
    )
    yield Name(name=TARGET, records=(*records(hosts, TARGET), *apex_records()), found_by=("target",), subdomain=True)
    # A chain by way of a delivery network, whose last name has the address.
    yield Name(
        name=f"wap.{TARGET}", records=(("CNAME", "wap.corp.edge-net.test"),), found_by=("dictionary",), subdomain=True
    )
    # It resolves, and must never be connected to.
    yield Name(
        name=f"gitlab-inner.{TARGET}",
        records=(("A", "127.0.0.1"),),
        found_by=("certificate_log", "page"),
        subdomain=True,
    )
    # An application of last year: it was deleted at its host, and its record was not.
    yield Name(
        name=f"expo-2024.{TARGET}",
        records=(("CNAME", "corp-expo-2024.azurewebsites.net"),),
        found_by=("certificate_log",),
        left_behind=True,
    )
    yield Name(name="azurewebsites.net", records=(("TXT", '"applications"'),))
    yield Name(name=f"*.dev.{TARGET}", records=records(hosts, f"*.dev.{TARGET}"))
    yield Name(name=f"loop.{TARGET}", records=(("CNAME", "loop.edge-net.test"),))
    yield Name(name=f"ftp.{TARGET}", records=(("TXT", '"no address here"'),))
    yield Name(name=f"lame.{TARGET}", rcode="SERVFAIL", delay_ms=800)
    yield Name(name=f"_dmarc.{TARGET}", records=(("TXT", '"v=DMARC1; p=none"'),))


def shade_names(hosts: dict[str, Host]) -> Iterator[Name]:
    for name in hosts:
        if name.endswith(shade.TARGET):
            found_by = ("target",) if name == shade.TARGET else ("page",)
            yield Name(name=name, records=records(hosts, name), found_by=found_by, subdomain=True)


def depth_names(hosts: dict[str, Host], servers: tuple[ZoneServer, ...]) -> Iterator[Name]:
    for site in depth.sites():
        name = below_depth(site.label)
        zone = () if site.label else (("NS", servers[0].name),)
        yield Name(
            name=name,
            records=(*records(hosts, name), *zone),
            found_by=site.found_by,
            subdomain=bool(site.found_by),
        )
    yield from depth.zone_names()
    for server in servers:
        yield Name(name=server.name, records=(("A", server.address),))


def corp_name(hosts: dict[str, Host], label: str, *found_by: str) -> Name:
    name = f"{label}.{TARGET}"
    return Name(name=name, records=records(hosts, name), found_by=found_by, subdomain=True)


def apex_records() -> tuple[tuple[str, str], ...]:
    return (("NS", "ns1.corp-dns.test"), ("MX", f"10 mail.{TARGET}"), ("TXT", '"v=spf1 mx -all"'), *BIG_TEXT)


def records(hosts: dict[str, Host], name: str) -> tuple[tuple[str, str], ...]:
    return (("A", hosts[name].address),)


def foreign_names(hosts: dict[str, Host], ground: Ground) -> Iterator[Name]:
    aliases = {site.host: site.alias_of for site in SITES if site.alias_of}
    for host in hosts.values():
        alias = aliases.get(host.name)
        if alias:
            yield Name(name=host.name, records=(("CNAME", alias),))
        if not host.name.endswith((TARGET, shade.TARGET, depth.TARGET)):
            yield Name(name=alias or host.name, records=records(hosts, host.name))
    yield Name(name="wap.corp.edge-net.test", records=(("CNAME", "node7.edge-net.test"),))
    yield Name(name="node7.edge-net.test", records=records(hosts, f"wap.{TARGET}"))
    yield Name(name="loop.edge-net.test", records=(("CNAME", f"loop.{TARGET}"),))
    yield Name(name="ns1.corp-dns.test", records=(("A", ground.resolver[0]),))
    yield Name(name="logo.broken-zone.test", rcode="SERVFAIL", delay_ms=1_200)
    yield Name(name="broken-zone.test", rcode="SERVFAIL", delay_ms=1_200)
    yield Name(name="shut-shop.test", records=(("A", ground.address(PARTY_BLOCK, NOBODY)),))
    yield Name(name="inward.test", records=(("A", "127.0.0.1"),))


def certificates() -> tuple[Certificate, ...]:
    """Names found here alone, beside repetitions, wildcards, gone names, mail addresses and nonsense."""
    return (
        Certificate(names=(TARGET, f"www.{TARGET}"), common_name=f"www.{TARGET}"),
        Certificate(names=(f"WWW.{TARGET}".upper(), f"mail.{TARGET}"), common_name=f"mail.{TARGET}"),
        Certificate(names=(f"k8s-ingress-a7.{TARGET}",), common_name=f"k8s-ingress-a7.{TARGET}"),
        Certificate(names=(f"*.dev.{TARGET}", f"api.dev.{TARGET}"), common_name=f"*.dev.{TARGET}"),
        Certificate(names=(f"gitlab-inner.{TARGET}",), common_name=f"gitlab-inner.{TARGET}"),
        Certificate(names=(f"expo-2024.{TARGET}",), common_name=f"expo-2024.{TARGET}"),
        Certificate(names=(f"hr-portal-2019.{TARGET}",), common_name=f"hr-portal-2019.{TARGET}"),
        Certificate(names=(f"admin@{TARGET}", f"-bad..{TARGET}", f"shop.{TARGET}"), common_name=f"shop.{TARGET}"),
        Certificate(names=(f"ct-7d.{depth.TARGET}",), common_name=f"ct-7d.{depth.TARGET}"),
        Certificate(names=(f"blog.{TARGET}", "shared.other-customer.test"), common_name="shared.other-customer.test"),
    )
