from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from app.core.config import Settings
from app.engines.discover import sources
from app.engines.discover.discovery import Discovery
from app.engines.discover.sources.crtsh import CrtSh
from app.engines.discover.sources.registry import PASSIVE_SOURCES, configured_sources
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.scope import Scope
from app.engines.urls import host_of
from app.tasks.network_settings import network_config
from testnet.ground import Ground
from testnet.server import build_settings
from testnet.worlds import DEMO, WORLDS


class Dummy:
    """A source that somebody has just registered."""

    def __init__(self, base):
        self.name = host_of(base)

    async def names(self, domain, fetcher):
        return [f"dummy.{domain}"]


WITH_DUMMY = {**PASSIVE_SOURCES, "dummy": Dummy}


def test_a_newly_registered_source_is_off_in_the_test_internet_by_construction():
    reached = build_settings(Ground(), WORLDS[DEMO], Path("ca.pem"))
    config = network_config(Settings(ct_urls=reached["ct_urls"], resolvers=reached["resolvers"]))
    asked = configured_sources(config.passive_sources, WITH_DUMMY)
    assert [(type(source), source.name) for source in asked] == [(CrtSh, "crt.ct-log.test")]


def test_a_newly_registered_source_is_off_unless_the_setting_names_it():
    assert configured_sources((), WITH_DUMMY) == ()
    assert configured_sources(NetworkConfig().passive_sources, WITH_DUMMY) == ()
    assert not any(isinstance(source, Dummy) for source in configured_sources(("https://ct.test/",), WITH_DUMMY))
    (asked,) = configured_sources(("dummy=https://names.test/api?key=a=b",), WITH_DUMMY)
    assert (type(asked), asked.name) == (Dummy, "names.test")


def test_an_address_alone_is_a_certificate_log_also_one_with_an_equals_sign():
    (asked,) = configured_sources(("https://log.test/?api_key=hidden",))
    assert asked.name == "log.test"


def test_the_list_of_registries_is_no_source_of_names():
    assert configured_sources(("rdap=https://registries.test/list.json",)) == ()


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="'shodan'"):
        configured_sources(("shodan=https://api.test/",))


def test_every_module_of_a_source_is_in_the_table():
    modules = {module.name for module in iter_modules(sources.__path__)} - {"registry"}
    registered = {type(make("https://a.test/")).__module__.rpartition(".")[2] for make in PASSIVE_SOURCES.values()}
    assert registered == modules
    assert all(import_module(f"app.engines.discover.sources.{name}") for name in modules)


async def test_discovery_without_configured_sources_asks_nobody_else(dns, web, sink, label):
    discovery = Discovery(
        scope=Scope("a.test"),
        resolver=dns,
        fetcher=web,
        sink=sink,
        config=NetworkConfig(),
        scan=ScanConfig("a.test"),
        words=(),
        label=label,
    )
    dns.addresses["a.test"] = ("127.64.0.1",)

    async def on_host(fact): ...

    await discovery.run(on_host)
    assert {host_of(url) for url in web.asked} == {"a.test"}
