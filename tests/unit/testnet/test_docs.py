import json
import re
from pathlib import Path

import pytest

from testnet.expected import expect
from testnet.ground import Ground
from testnet.server import build_settings
from testnet.world import build_world

TEXT = (Path(__file__).parents[3] / "docs" / "testnet.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shared():
    return build_world(Ground())


def test_the_settings_shown_are_those_that_are_printed():
    shown = json.loads(re.search(r"```json\n(.*)\n```", TEXT)[1])
    assert shown == build_settings(Ground(), Path(shown["ca_file"]))


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
