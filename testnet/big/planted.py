"""What is put into the university's sites beside their ordinary pages, each with what a scan has to say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from testnet.big.campus import department_of
from testnet.big.frame import Department, page
from testnet.model import Item, Ref, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Something on one host: its page is linked from the unit's first list, under `text`."""

    label: str  # of the host
    resource: Resource
    text: str
    items: tuple[Item, ...]

    @property
    def unit(self) -> Department:
        return department_of(self.label)


def on_page(
    name: str,
    family: str,
    label: str,
    path: str,
    title: str,
    ref: Ref,
    domain: str,
    *violations: str,
    known_miss: str = "",
) -> Planted:
    """An ordinary page with one reference to a third party."""
    unit = department_of(label)
    item = Item(
        id=name, family=family, domain=domain, violations=violations, page=unit.url + path, kind=ref.kind,
        known_miss=known_miss,
    )  # fmt: skip
    return Planted(label=label, resource=page(unit, path, title, refs=(ref,)), text=title, items=(item,))


def own(
    name: str, label: str, resource: Resource, sign: str, text: str, *further: Item, family: str = "changed page"
) -> Planted:
    """A page of the university that somebody changed. `sign`: the rule that says so; `further`: where it leads."""
    unit = department_of(label)
    item = Item(
        id=name, family=family, domain=unit.host, violations=("tampered",), page=unit.url + resource.path,
        kind=f"own:{sign}",
    )  # fmt: skip
    return Planted(label=label, resource=resource, text=text, items=(item, *further))


def twin(name: str, label: str, resource: Resource, text: str, family: str = "honest twin") -> Planted:
    """A page that comes close to a changed one, and is the university's own."""
    unit = department_of(label)
    item = Item(id=name, family=family, domain=unit.host, page=unit.url + resource.path)
    return Planted(label=label, resource=resource, text=text, items=(item,))


def leads(name: str, label: str, path: str, ref: Ref, domain: str, *violations: str) -> Item:
    """The third party that a changed page leads to."""
    return Item(
        id=name, family="intruder's goal", domain=domain, violations=violations, page=department_of(label).url + path,
        kind=ref.kind,
    )  # fmt: skip


def all_items(planted: Sequence[Planted]) -> tuple[Item, ...]:
    return tuple(item for one in planted for item in one.items)
