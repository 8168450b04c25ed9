import json
import re
from collections import Counter
from pathlib import Path

import pytest

from testnet.expected import expect
from testnet.ground import Ground
from testnet.server import build_settings
from testnet.world import build_world
from testnet.worlds import BIG, DEMO, WORLDS

TEXT = (Path(__file__).parents[3] / "docs" / "testnet.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shared():
    return build_world(Ground())


def test_the_settings_shown_are_those_that_are_printed():
    shown = json.loads(re.search(r"```json\n(.*)\n```", TEXT)[1])
    assert shown == build_settings(Ground(), WORLDS[DEMO], Path(shown["ca_file"]))


def test_the_commands_reach_the_hosts_that_they_name(shared):
    commands = re.findall(r"--connect-to ([\w.-]+):(\d+):([\d.]+):(\d+)", TEXT)
    assert len(commands) == 3
    for name, port, address, real in commands:
        assert shared.hosts[name].address == address
        assert {"80": "18080", "443": "18443"}[port] == real


def test_the_table_of_findings_names_every_key(shared):
    keys = set(expect(shared, "corp.test")) - {"target"}
    assert {key for key in keys if f"`{key}`" in TEXT} == keys


def test_the_numbers_are_right(shared):
    expected = expect(shared, "corp.test")
    hosts = [host for host in shared.hosts.values() if host.id.startswith("corp:") and "*" not in host.name]
    assert ("some 300 pages on 16 hosts" in TEXT, len(hosts)) == (True, 16)
    assert abs(len(expected["third_parties"]) - 40) <= 3


def test_the_numbers_of_the_big_world_are_right():
    world = WORLDS[BIG].build(WORLDS[BIG].ground())
    names = [name for name in world.names.values() if name.subdomain]
    served = [name for name in names if name.name in world.hosts]
    assert f"{len(names)} names, {len(served)} of them with web hosts" in TEXT
    pages = len(expect(world, WORLDS[BIG].target)["pages"])
    assert f"some {pages // 100 / 10:,.1f}00 pages".replace(".", ",") in TEXT
    assert f"the items: {len(world.items)} things" in TEXT
    families = Counter(item.family for item in world.items)
    shown = re.findall(r"^\| ([a-z][^|]+) \| (\d+) \|", TEXT[TEXT.index("## The big world") :], re.MULTILINE)
    told = {names: int(number) for names, number in shown}
    assert sum(told.values()) == len(world.items)
    for names, number in told.items():
        assert sum(families[family] for family in names.split(", ")) == number, names
