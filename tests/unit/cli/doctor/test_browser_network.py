import pytest

from app.cli.doctor.browser_network import check_browser_network
from app.cli.doctor.result import CheckStatus
from app.core.config import Settings
from app.domain.messages import english
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.network_probe import WaysOut


def checked(tmp_path, outcome):
    async def find(path):
        assert path == "/mine"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return check_browser_network(Settings(data_dir=tmp_path, chromium_path="/mine"), find=find)


@pytest.mark.parametrize(
    ("outcome", "state", "found"),
    [
        (WaysOut(0, ""), CheckStatus.OK, "only the proxy"),
        (WaysOut(0, "Operation not permitted"), CheckStatus.DEGRADED, "Operation not permitted"),
        (WaysOut(7, ""), CheckStatus.FAILED, "7 datagrams"),
        (WaysOut(1, "Operation not permitted"), CheckStatus.FAILED, "1 datagram or connection"),
        (BrowserUnavailable(english("browser.exited")), CheckStatus.DEGRADED, english("browser.exited")),
        (OSError(99, "Cannot assign requested address"), CheckStatus.DEGRADED, english("system.no_address")),
    ],
)
def test_what_a_page_reaches_decides(tmp_path, outcome, state, found):
    result = checked(tmp_path, outcome)
    assert result.state is state
    assert found in result.found
    assert bool(result.means) is (state is not CheckStatus.OK)


@pytest.mark.system
def test_the_installed_browser_reaches_the_proxy_alone(tmp_path):
    assert check_browser_network(Settings(data_dir=tmp_path)).state is CheckStatus.OK
