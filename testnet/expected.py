"""What a right scan finds: folds over the world's tables. Tests join these tables with a scan's report."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from testnet.model import RELATIONS, Host, Reach, Ref, World

ERROR_FROM = 400


def expect(world: World, target: str) -> dict[str, Any]:
    """Expected findings of a scan of `target` without limits. Raises KeyError for a target that the world lacks.

    `pages` must all be found; `optional_pages` and what matches `optional_patterns` may be counted; `disallowed`
    must not be requested.
    `third_parties[].hosts` must all be found, `optional_hosts` may be; `outcome` is "examined", "gone" or
    "unreachable", since nothing is left out. `mentioned` and `unseen` are no third parties.
    """
    if target not in world.targets:
        raise KeyError(target)
    hosts = [host for host in world.hosts.values() if in_scope(host.name, target)]
    parties = expect_parties(world, hosts, target)
    violations = expect_violations(world, parties, target)
    return {
        "target": target,
        "subdomains": expect_subdomains(world, target),
        "not_subdomains": sorted(n.name for n in world.names.values() if in_scope(n.name, target) and not n.subdomain),
        "pages": sorted(urls(hosts, Reach.PAGE)),
        "optional_pages": sorted(urls(hosts, Reach.OPTIONAL)),
        "optional_patterns": [re.escape(url(host, "")) + host.trap for host in hosts if host.trap],
        "disallowed": sorted(urls(hosts, Reach.DISALLOWED)),
        "titles": {url(h, r.path): r.title for h in hosts for r in h.resources.values() if r.reach is Reach.PAGE},
        "third_parties": parties,
        "mentioned": sorted(only_mentioned(hosts, parties)),
        "unseen": sorted(set(world.parties) - {p["domain"] for p in parties} - only_mentioned(hosts, parties)),
        "violations": violations,
        "clean": sorted({p["domain"] for p in parties} - {v["domain"] for v in violations}),
    }


def in_scope(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def registrable(host: str) -> str:
    """`.test` is no public suffix of the list: the last two labels, as the list's default rule says."""
    return ".".join(host.split(".")[-2:])


def url(host: Host, path: str) -> str:
    return f"{host.scheme}://{host.name}{path}"


def urls(hosts: list[Host], reach: Reach) -> list[str]:
    return [url(host, r.path) for host in hosts for r in host.resources.values() if r.reach is reach]


def expect_subdomains(world: World, target: str) -> list[dict[str, Any]]:
    names = [name for name in world.names.values() if name.subdomain and in_scope(name.name, target)]
    return [{"name": n.name, "found_by": list(n.found_by)} for n in sorted(names, key=lambda n: n.name)]


def visible_refs(hosts: list[Host], target: str) -> list[tuple[str, Ref]]:
    """(page, reference) of every reference that a scan can see, off the target's own names; also as another visitor."""
    only_some = [(url(host, path), ref) for host in hosts for path, ref in host.shown]
    return only_some + [
        (url(host, resource.path), ref)
        for host in hosts
        for resource in host.resources.values()
        if resource.reach not in (Reach.DISALLOWED, Reach.ORPHAN)
        for ref in resource.refs
        if not in_scope(ref.host, target)
    ]


def expect_parties(world: World, hosts: list[Host], target: str) -> list[dict[str, Any]]:
    found: dict[str, list[tuple[str, Ref]]] = defaultdict(list)
    for page, ref in visible_refs(hosts, target):
        found[registrable(ref.host)].append((page, ref))
    counted = {domain: refs for domain, refs in found.items() if any(is_counted(ref) for _, ref in refs)}
    direct = [describe_party(world, domain, refs) for domain, refs in counted.items()]
    return sorted(
        direct + [describe_hop(world, p["domain"]) for p in direct if world.parties[p["domain"]].leads_to],
        key=lambda p: str(p["domain"]),
    )


def is_counted(ref: Ref) -> bool:
    return ref.relation != "mention"


def describe_party(world: World, domain: str, refs: list[tuple[str, Ref]]) -> dict[str, Any]:
    sure = {ref.host for _, ref in refs if is_counted(ref)}
    return {
        "domain": domain,
        "hosts": sorted(sure),
        "optional_hosts": sorted({ref.host for _, ref in refs} - sure),
        "relation": min((ref.relation for _, ref in refs), key=RELATIONS.index),
        "hidden": sorted({ref.hidden for _, ref in refs if ref.hidden}),
        "dead": world.parties[domain].dead,
        "category": world.parties[domain].category,
        "outcome": expect_outcome(world, domain, sure),
        "references": [{"page": page, "kind": ref.kind} for page, ref in refs],
    }


def describe_hop(world: World, domain: str) -> dict[str, Any]:
    """The third party that another one redirects to: met when that one is captured."""
    goal = world.parties[domain].leads_to
    hosts = sorted(host.name for host in world.hosts.values() if registrable(host.name) == goal)
    common = {"optional_hosts": [], "relation": "redirect", "hidden": [], "dead": False}
    common["category"] = world.parties[goal].category
    outcome = expect_outcome(world, goal, hosts)
    references = [{"page": f"http://{domain}/", "kind": "hop"}]
    return {"domain": goal, "hosts": hosts, **common, "outcome": outcome, "references": references}


def expect_outcome(world: World, domain: str, hosts: Iterable[str]) -> str:
    """What comes of asking all of the hosts; those of a third party answer every path alike."""
    if world.parties[domain].dead:
        return "gone"
    return "examined" if any(shows_something(world, host) for host in hosts) else "unreachable"


def shows_something(world: World, name: str) -> bool:
    """It, or whoever it sends its visitors on to, answers with a page that is no error."""
    host = world.hosts.get(name)
    answer = host.fallback("/") if host is not None and host.fallback is not None else None
    if answer is None:
        return False
    location = dict(answer.headers).get("Location")
    if location is not None:
        return shows_something(world, location.partition("//")[2].partition("/")[0])
    return answer.status < ERROR_FROM and answer.body != b""


def only_mentioned(hosts: list[Host], parties: list[dict[str, Any]]) -> set[str]:
    named = {
        registrable(ref.host)
        for host in hosts
        for r in host.resources.values()
        for ref in r.refs
        if not is_counted(ref)
    }
    return named - {party["domain"] for party in parties}


def expect_violations(world: World, parties: list[dict[str, Any]], target: str) -> list[dict[str, str]]:
    """Of each third party what its pages show (or lead to), and beside it the hidden link; of the target the names that
    were left behind, and its hosts with a page on which somebody hid links to several such sites, or that only some
    visitors are shown.
    """
    pairs = {
        (p["domain"], world.parties[p["domain"]].violation) for p in parties if world.parties[p["domain"]].violation
    }
    pairs |= {(p["domain"], "hidden_link") for p in parties if p["hidden"]}
    pairs |= {(target, "takeover") for name in world.names.values() if name.left_behind and in_scope(name.name, target)}
    pairs |= {(host, "tampered") for host in tampered_hosts(world, target)}
    pairs |= {(item.domain, key) for item in world.items if not item.known_miss for key in item.violations}
    return [{"domain": domain, "violation_key": key} for domain, key in sorted(pairs)]


def tampered_hosts(world: World, target: str) -> set[str]:
    hidden: dict[str, set[str]] = defaultdict(set)
    for page, ref in visible_refs([host for host in world.hosts.values() if in_scope(host.name, target)], target):
        if ref.hidden and world.parties[registrable(ref.host)].violation:
            hidden[page].add(registrable(ref.host))
    cloaked = {host.name for host in world.hosts.values() if host.shown and in_scope(host.name, target)}
    return cloaked | {page.split("/")[2] for page, domains in hidden.items() if len(domains) > 1}
