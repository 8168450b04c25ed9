"""Which host of the evidence of a takeover can be taken over."""

import pytest

from app.domain.takeovers import affected_host, takeover_snippet


@pytest.mark.parametrize("name", ["expo.corp.test", "corp.azurewebsites.net"])
def test_the_affected_host_is_the_one_that_points_to_the_service(name):
    assert affected_host(takeover_snippet("expo.corp.test", name)) == "expo.corp.test"
