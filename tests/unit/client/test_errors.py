import pytest

from app.client.errors import ClientError, ServerUnreachable, SignInFailed, Stopped, TaskLost


@pytest.mark.parametrize("kind", [Stopped, SignInFailed, TaskLost, ServerUnreachable])
def test_every_error_has_a_message_and_a_code(kind):
    error = kind("It is so.", code="so")
    assert isinstance(error, ClientError)
    assert (str(error), error.message, error.code) == ("It is so.", "It is so.", "so")


def test_a_stop_knows_its_close_code_and_a_server_that_is_away_when_to_come_back():
    assert Stopped("m", code="logged_out", close_code=4500).close_code == 4500
    assert Stopped("m", code="invalid_url").close_code is None
    assert ServerUnreachable("m", code="unreachable").retry_after_s == 0.0
    assert ServerUnreachable("m", code="http_503", retry_after_s=3.0).retry_after_s == 3.0
