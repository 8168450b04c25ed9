import json
import subprocess
import sys

import pytest

from app.cli.testnet import command_for, open_testnet
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.domain.messages import MessageCatalog

EN = MessageCatalog("en")

SAID = {
    "resolvers": ["127.9.0.53:15353"],
    "allow_networks": ["127.9.0.0/16"],
    "ca_file": "/tmp/x/ca.pem",
    "port_map": {"80": 18080, "443": 18443},
    "ct_urls": ["http://crt.example/"],
    "demo_target": "site.example",
}


def python(code):
    return [sys.executable, "-c", code]


def speaking(line):
    return python(f"import sys; print({line!r}, flush=True); sys.stdin.read()")


def test_what_it_says_becomes_settings_and_it_lives_as_long_as_it_is_held():
    with open_testnet(EN, speaking(json.dumps(SAID))) as testnet:
        assert testnet.process.poll() is None
        assert json.loads(testnet.line) == SAID
        assert testnet.demo_target == "site.example"
        settings = Settings(**testnet.overrides)
        assert settings.port_map == ("80=18080", "443=18443")
        assert settings.resolvers == ("127.9.0.53:15353",)
    assert testnet.process.returncode == 0


def test_one_that_does_not_end_when_it_is_let_go_is_killed():
    deaf = python(f"import time; print({json.dumps(SAID)!r}, flush=True); time.sleep(60)")
    with open_testnet(EN, deaf, end_timeout_s=0.2) as testnet:
        pass
    assert testnet.process.returncode == -9


def test_one_that_fails_is_quoted():
    with (
        pytest.raises(ConfigurationError, match="its ports are taken"),
        open_testnet(EN, python("import sys; sys.exit('its ports are taken')")),
    ):
        pass


def test_one_that_fails_without_a_word_is_reported_by_its_exit_code():
    with (
        pytest.raises(ConfigurationError, match="exit code 7"),
        open_testnet(EN, python("raise SystemExit(7)")),
    ):
        pass


def test_one_that_says_nothing_is_not_waited_for_without_end():
    with (
        pytest.raises(ConfigurationError, match="in time"),
        open_testnet(EN, python("import sys; sys.stdin.read()"), start_timeout_s=0.2),
    ):
        pass


@pytest.mark.parametrize("line", ["no json", "[]", "{}", json.dumps({**SAID, "port_map": [1]})])
def test_what_makes_no_sense_is_refused(line):
    with pytest.raises(ConfigurationError, match="did not report"), open_testnet(EN, speaking(line)):
        pass


def test_its_line_may_come_in_pieces():
    text = json.dumps(SAID) + "\n"
    code = f"""
import sys, time
for part in ({text[:20]!r}, {text[20:]!r}):
    print(part, end="", flush=True)
    time.sleep(0.05)
sys.stdin.read()
"""
    with open_testnet(EN, python(code)) as testnet:
        assert testnet.demo_target == "site.example"


def test_it_is_in_a_session_of_its_own_so_that_ctrl_c_is_ours():
    with open_testnet(EN, speaking(json.dumps(SAID))) as testnet:
        shown = subprocess.run(
            ["ps", "-o", "sid=", "-p", str(testnet.process.pid)], capture_output=True, text=True, check=True
        )
        assert int(shown.stdout) == testnet.process.pid


def test_a_world_is_asked_for_by_its_name():
    assert command_for(None)[-2:] == ("-m", "testnet")
    assert command_for("big")[-3:] == ("testnet", "--world", "big")


def test_a_world_that_is_not_there_is_said():
    with pytest.raises(ConfigurationError, match="huge"), open_testnet(EN, command_for("huge")):
        pass
