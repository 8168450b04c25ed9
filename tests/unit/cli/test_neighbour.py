import json
import subprocess
import sys

import pytest

from app.cli.neighbour import hold_neighbour
from app.core.config import Settings
from app.core.errors import ConfigurationError

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
    with hold_neighbour(speaking(json.dumps(SAID))) as neighbour:
        assert neighbour.process.poll() is None
        assert json.loads(neighbour.line) == SAID
        assert neighbour.demo_target == "site.example"
        settings = Settings(**neighbour.overrides)
        assert settings.port_map == ("80=18080", "443=18443")
        assert settings.resolvers == ("127.9.0.53:15353",)
    assert neighbour.process.returncode == 0


def test_one_that_does_not_end_when_it_is_let_go_is_killed():
    deaf = python(f"import time; print({json.dumps(SAID)!r}, flush=True); time.sleep(60)")
    with hold_neighbour(deaf, end_timeout_s=0.2) as neighbour:
        pass
    assert neighbour.process.returncode == -9


def test_one_that_fails_is_quoted():
    with (
        pytest.raises(ConfigurationError, match="its ports are taken"),
        hold_neighbour(python("import sys; sys.exit('its ports are taken')")),
    ):
        pass


def test_one_that_fails_without_a_word_is_reported_by_its_exit_code():
    with pytest.raises(ConfigurationError, match="exit code 7"), hold_neighbour(python("raise SystemExit(7)")):
        pass


def test_one_that_says_nothing_is_not_waited_for_without_end():
    with (
        pytest.raises(ConfigurationError, match="in time"),
        hold_neighbour(python("import sys; sys.stdin.read()"), start_timeout_s=0.2),
    ):
        pass


@pytest.mark.parametrize("line", ["no json", "[]", "{}", json.dumps({**SAID, "port_map": [1]})])
def test_what_makes_no_sense_is_refused(line):
    with pytest.raises(ConfigurationError, match="did not say"), hold_neighbour(speaking(line)):
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
    with hold_neighbour(python(code)) as neighbour:
        assert neighbour.demo_target == "site.example"


def test_it_is_in_a_session_of_its_own_so_that_ctrl_c_is_ours():
    with hold_neighbour(speaking(json.dumps(SAID))) as neighbour:
        shown = subprocess.run(
            ["ps", "-o", "sid=", "-p", str(neighbour.process.pid)], capture_output=True, text=True, check=True
        )
        assert int(shown.stdout) == neighbour.process.pid
