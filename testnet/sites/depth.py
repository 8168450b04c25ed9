"""depth.test: small hosts that are hard to find, each by one way alone. Nobody scans them but those who name them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from testnet.documents import document, paragraphs
from testnet.model import Name, Resource, ZoneServer
from testnet.texts import corp

TARGET = "depth.test"
DATA = f"data.{TARGET}"  # a zone of its own, which one of its two servers gives to anybody
LAB = f"lab.{TARGET}"  # another one, with NSEC records
POLICY = f"default-src 'self' http://media-k3.{TARGET}"
HTTP: tuple[Literal["http", "https"], ...] = ("http",)
BOTH: tuple[Literal["http", "https"], ...] = ("http", "https")


class Site(NamedTuple):
    """One host. `address_of` another label: it is a virtual host beside that one."""

    label: str
    found_by: tuple[str, ...]
    resources: list[Resource]
    schemes: tuple[Literal["http", "https"], ...] = HTTP
    address_of: str | None = None
    certified: tuple[str, ...] = ()  # further names of its certificate


def sites() -> Iterator[Site]:
    """What a right scan finds, but for the two wildcards."""
    yield Site("", ("target",), [page("深水装备", headers=(("Content-Security-Policy", POLICY),))])
    yield Site("www", ("dictionary",), [page("深水装备主站")], BOTH, certified=(f"tls-only-9.{TARGET}",))
    yield Site("media-k3", ("page",), [page("媒体")])
    yield Site("tls-only-9", ("certificate",), [page("内网入口")])
    yield Site("ct-7d", ("certificate_log",), [page("预订")])
    yield Site("node12", ("dictionary",), [page("节点十二")])
    yield Site("node14", ("permutation",), [page("节点十四")])
    yield Site("api", ("dictionary",), [page("接口")])
    yield Site("api-legacy", ("permutation",), [page("旧接口")])
    yield Site("safe-42.data", ("zone_transfer",), [page("账册")])
    # Wildcards at two levels: a real host that has another address, and one that only shows something else.
    yield Site("*.shop", (), [page("任意店铺")])
    yield Site("main.shop", ("dictionary",), [page("总店")])
    yield Site("*.eu.shop", (), [page("Any shop")])
    yield Site("portal.eu.shop", ("dictionary",), [page("European shop")], address_of="*.eu.shop")
    yield Site("qx7.lab", ("zone_transfer",), [page("实验七")])
    yield Site("probe-22.lab", ("zone_transfer",), [page("探头")])


def page(title: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Resource:
    return document("/", title, paragraphs(corp.tell(len(title))), headers=headers)


def zone_names() -> Iterator[Name]:
    """The two zones below: those of hosts have their addresses beside."""
    yield Name(name=DATA, records=(("NS", "ns1.depth-dns.test"), ("NS", "ns2.depth-dns.test")))
    yield Name(name=LAB, records=(("NS", "ns3.depth-dns.test"),))


def zone_servers(addresses: tuple[str, str, str]) -> tuple[ZoneServer, ...]:
    """One keeps everything to itself, the second was forgotten, the third serves a signed zone."""
    return (
        ZoneServer(name="ns1.depth-dns.test", address=addresses[0]),
        ZoneServer(name="ns2.depth-dns.test", address=addresses[1], transfers=(DATA,)),
        ZoneServer(name="ns3.depth-dns.test", address=addresses[2], signed=(LAB,)),
    )
