import pytest

from app.engines.capture.browser_process import ARGS
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.network_probe import WaysOut, find_ways_out


async def test_without_a_browser_nothing_can_be_said():
    with pytest.raises(BrowserUnavailable):
        await find_ways_out("/bin/false")


@pytest.mark.system
async def test_a_browser_with_a_network_of_its_own_lets_nothing_past():
    assert await find_ways_out(None) == WaysOut(0, "")


@pytest.mark.system
async def test_what_gets_past_is_counted():
    args = [arg for arg in ARGS if "webrtc" not in arg]
    assert (await find_ways_out(None, args=args, has_own_network=False)).passed > 0
