"""The worlds that there are: each has a network of its own, so that all can run on one machine."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

from testnet.ground import FIRST_NET, Ground
from testnet.model import World

DEMO: Final = "demo"
BIG: Final = "big"
WATCHED: Final = "watched"
CHANGED: Final = "changed"  # the same at a later time
BIG_NET: Final = 98  # second octet, as the next two
WATCHED_NET: Final = 96
CHANGED_NET: Final = 97
MOVED: Final = "TESTNET_NETS"  # an environment variable: `64=70,98=71` moves the worlds of these networks to others


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """How a world is made and reached."""

    builder: str  # module and function: who only wants to reach a world does not load what it is made of
    net: int
    target: str  # what a scan of it is a scan of
    sources: tuple[str, ...]  # as the setting `ct_urls` names them

    def build(self, ground: Ground) -> World:
        module, _, function = self.builder.partition(":")
        return cast("Callable[[Ground], World]", getattr(import_module(module), function))(ground)

    def ground(self, net: int | None = None) -> Ground:
        """Where it stands: in this network, or in its own, or where the environment moves that."""
        if net is None:
            moved = dict(pair.split("=") for pair in os.environ.get(MOVED, "").split(",") if pair)
            net = int(moved.get(str(self.net), self.net))
        return Ground(net)


_LOG: Final = "http://crt.ct-log.test/"
_REGISTRY: Final = "rdap=http://rdap.registry.test/list.json"
WORLDS: Final = {
    DEMO: WorldPlan("testnet.world:build_world", FIRST_NET, "corp.test", (_LOG,)),
    BIG: WorldPlan("testnet.big.world:build_big_world", BIG_NET, "qichuan.test", (_LOG, _REGISTRY)),
    WATCHED: WorldPlan("testnet.watched:build_before", WATCHED_NET, "harbour.test", (_LOG, _REGISTRY)),
    CHANGED: WorldPlan("testnet.watched:build_after", CHANGED_NET, "harbour.test", (_LOG, _REGISTRY)),
}
