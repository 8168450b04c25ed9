"""Each world can be reached beside the others."""

import subprocess
import sys

import pytest

from testnet.client import attach
from testnet.worlds import BIG, DEMO, MOVED, WORLDS
from tests.support.command import ROOT
from tests.support.own_nets import own_net


def test_every_world_has_a_network_of_its_own_and_a_target():
    assert len({plan.net for plan in WORLDS.values()}) == len(WORLDS) == 4
    for plan in WORLDS.values():
        assert plan.target in plan.build(plan.ground()).targets


def test_another_network_can_be_asked_for():
    assert WORLDS[BIG].ground(70).control[0] == "127.70.0.1"


def test_the_environment_moves_worlds_to_other_networks(monkeypatch):
    monkeypatch.setenv(MOVED, f"1=2,{WORLDS[BIG].net}=71")
    assert WORLDS[BIG].ground().control[0] == "127.71.0.1"
    assert WORLDS[BIG].ground(70).control[0] == "127.70.0.1"
    assert WORLDS[DEMO].ground().control[0] == f"127.{WORLDS[DEMO].net}.0.1"
    monkeypatch.delenv(MOVED)
    assert WORLDS[BIG].ground().control[0] == f"127.{WORLDS[BIG].net}.0.1"


def test_the_settings_say_which_world_was_started():
    net = own_net()
    with attach(world=BIG, net=net, grace_s=0.2) as testnet:
        assert testnet.settings["demo_target"] == "qichuan.test"
        assert testnet.settings["resolvers"] == [f"127.{net}.0.53:15353"]
        assert [source.partition("=")[0] for source in testnet.settings["ct_urls"]][1] == "rdap"


@pytest.mark.parametrize("words", [("--world", "huge"), ("--world", BIG, "expected", WORLDS[DEMO].target)])
def test_a_world_or_target_that_is_not_there_is_said(words):
    command = [sys.executable, "-m", "testnet", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode != 0
    assert "huge" in done.stderr or "qichuan.test" in done.stderr
