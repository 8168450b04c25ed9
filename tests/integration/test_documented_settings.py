"""A running server is asked for what docs/settings.md and docs/protocol.md promise of its settings."""

import re
from typing import Any

import orjson
import pytest

from app.core.config import PREFIX, load_settings
from tests.docs.markdown import blocks, read, rows, section
from tests.support.command import run
from tests.support.live import go_live

PROTOCOL = read("docs/protocol.md")
SETTINGS = {
    cells[0].strip("`"): [cell.replace("`", "") for cell in cells[1:3]] for cells in rows(read("docs/settings.md"))
}
BOUNDED = {name: bounds for name, (_, bounds) in SETTINGS.items() if re.search(r"\d", bounds)}
PAIRS = {  # the first of each must not be above the second
    "COMPLIANCE_LONG_RUNNING_WARNING_S": "COMPLIANCE_LONG_RUNNING_FAILURE_S",
    "COMPLIANCE_LOGIN_DELAY_S": "COMPLIANCE_LOGIN_MAX_DELAY_S",
    "COMPLIANCE_WORKER_SUSPECT_AFTER_S": "COMPLIANCE_WORKER_LOST_AFTER_S",
    "COMPLIANCE_WS_DRAIN_S": "COMPLIANCE_STOP_WITHIN_S",
    "COMPLIANCE_API_KEY_TTL_S": "COMPLIANCE_API_KEY_MAX_TTL_S",
}


def limits_of(bounds: str) -> dict[str, float]:
    """By their word: `from`, `above` and `to`."""
    return {word: float(number) for word, number in re.findall(r"(from|above|to) (\d+(?:\.\d+)?)", bounds)}


def beyond(bounds: str) -> list[str]:
    """Values just outside of the bounds, on each side that has one."""
    limits = limits_of(bounds)
    low = [limits["from"] - 1] if "from" in limits else [limits["above"]] if "above" in limits else []
    high = [limits["to"] + 1] if "to" in limits else []
    return [f"{value:.20g}" for value in low + high]


@pytest.mark.parametrize("side", [0, -1], ids=["below", "above"])
async def test_a_server_refuses_to_start_with_values_out_of_the_bounds_and_names_each(tmp_path, side):
    values = {name: beyond(bounds)[side] for name, bounds in BOUNDED.items()}
    assert len(values) > 80
    done = await run("--lang", "en", "serve", "--data-dir", tmp_path / "data", **values)
    assert done.code == 2
    assert [name for name in values if f"{name}:" not in done.err] == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_the_bounds_themselves_are_taken(name):
    limits = limits_of(BOUNDED[name])
    other = {PAIRS[name]: f"{limits_of(BOUNDED[PAIRS[name]]).get('to', 1e6):.0f}"} if name in PAIRS else {}
    lower = next((lower for lower, upper in PAIRS.items() if upper == name), None)
    if lower is not None and "from" in limits_of(BOUNDED[lower]):
        other[lower] = f"{limits_of(BOUNDED[lower])['from']:.20g}"
    for word in {"from", "to"} & set(limits):
        load_settings({name: f"{limits[word]:.20g}", **other})


async def test_a_server_refuses_to_start_with_a_variable_that_is_no_setting(tmp_path):
    done = await run("--lang", "en", "serve", "--data-dir", tmp_path / "data", COMPLIANCE_MAX_PAGES="5")
    assert (done.code, "COMPLIANCE_MAX_PAGES" in done.err) == (2, True)


@pytest.fixture
async def live(tmp_path):
    async with go_live(tmp_path / "data") as live:
        yield live


def told(value: Any) -> str:
    """As the document writes a default."""
    if value is None:
        return "unset"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "empty"
    return str(value).lower() if isinstance(value, bool) else f"{value:.20g}"


async def test_what_a_server_says_of_its_settings_is_what_the_document_says(live):
    token = (await live.sign_in())["access_token"]
    settings = (await live.ask("GET", "/admin/configuration", token)).json()["settings"]
    assert settings
    for setting in settings:
        default, bounds = SETTINGS[PREFIX + setting["name"].upper()]
        assert told(setting["default"]) == default, setting["name"]
        limits = limits_of(bounds)
        assert setting["least"] == limits.get("from", limits.get("above")), setting["name"]
        assert setting["is_least_excluded"] == ("above" in limits), setting["name"]
        assert setting["most"] == limits.get("to"), setting["name"]


async def test_a_setting_changes_while_the_server_runs_and_the_environment_s_does_not(live):
    """The beginning of docs/settings.md."""
    token = (await live.sign_in())["access_token"]
    changed = await live.ask(
        "PUT", "/admin/configuration", token, json={"version": 0, "values": {"access_token_ttl_s": 120}}
    )
    assert changed.status_code == 200
    assert (await live.sign_in())["expires_in"] == 120


async def test_the_welcome_of_a_server_has_the_defaults_of_the_document(live):
    limits = {
        setting.strip("`"): float(default.split()[0]) for _, default, setting in rows(section(PROTOCOL, "Limits"))
    }
    async with live.watch((await live.sign_in())["access_token"]) as client:
        (welcome,) = client.frames
    example = orjson.loads(blocks(section(PROTOCOL, "`connection_established`"))[0].body)
    assert (welcome["heartbeat"], welcome["limits"]) == (example["heartbeat"], example["limits"])
    assert welcome["heartbeat"]["timeout_s"] == limits["COMPLIANCE_WS_IDLE_TIMEOUT_S"]
    for name, value in welcome["limits"].items():
        variables = (f"COMPLIANCE_WS_{name.upper()}", f"COMPLIANCE_{name.upper().replace('REPLAY_', 'REPLAY_MAX_')}")
        assert value == next(limits[variable] for variable in variables if variable in limits), name


async def test_a_ticket_is_as_the_document_shows_it(live):
    """`{"ticket": ..., "expires_in": 30}`, and it opens one connection."""
    token = (await live.sign_in())["access_token"]
    answer = (await live.ask("POST", "/monitor/ws/ticket", token)).json()
    assert '`{"ticket": ..., "expires_in": 30}`' in PROTOCOL
    assert (sorted(answer), answer["expires_in"]) == (["expires_in", "ticket"], 30)
    async with live.open(f"ticket={answer['ticket']}") as client:
        assert (await client.receive())["type"] == "connection_established"
    assert await live.refusal(f"ticket={answer['ticket']}") == ("invalid_token", 1008, "invalid_token")
