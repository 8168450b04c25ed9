"""Requests of webhooks: the signature of Standard Webhooks, and what answers mean."""

from datetime import UTC, datetime

import orjson
import pytest

from app.notifications.adapters.webhook import SECRET_PREFIX, Webhook, new_secret, sign
from app.notifications.messages import MessageWriter
from app.notifications.outcome import Failed, FailureCode, Sent
from app.notifications.ports import HttpAnswer, Outgoing

NOW = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
# Of the specification's own libraries (standard-webhooks/standard-webhooks, their tests).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def outgoing():
    contents = {"items": [{"kind": "site_overdue", "target_domain": "x.example", "days": 3}], "total": 1}
    message = MessageWriter().write(contents, "en")
    return Outgoing("msg_1", "notification", datetime(2026, 1, 1, tzinfo=UTC), contents, message)


def test_the_signature_is_that_of_the_specification():
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_has_the_same_body_in_every_try_and_a_timestamp_of_its_own():
    config = {"url": "https://hooks.example/x", "secret": SECRET}
    first = Webhook().compose(config, outgoing(), NOW)
    later = Webhook().compose(config, outgoing(), NOW.replace(minute=1))
    assert first.body == later.body
    assert orjson.loads(first.body) == {
        "id": "msg_1",
        "type": "notification",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "data": {"items": [{"kind": "site_overdue", "target_domain": "x.example", "days": 3}], "total": 1},
    }
    assert first.headers["webhook-id"] == later.headers["webhook-id"] == "msg_1"
    assert (first.headers["webhook-timestamp"], later.headers["webhook-timestamp"]) == ("1767225605", "1767225665")
    assert first.headers["webhook-signature"] == sign(SECRET, "msg_1", "1767225605", first.body)


def test_a_secret_is_new_each_time_and_long_enough():
    assert new_secret() != new_secret()
    assert len(new_secret().removeprefix(SECRET_PREFIX)) == 44


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_taken(status):
    assert Webhook().read(HttpAnswer(status)) == Sent()


@pytest.mark.parametrize(
    ("answer", "code", "wait_s", "is_final"),
    [
        (HttpAnswer(302, {"location": "http://10.0.0.1/"}), FailureCode.REDIRECT, None, False),
        (HttpAnswer(404, {}, b"no\x00such\x1b[31m"), FailureCode.HTTP_STATUS, None, False),
        (HttpAnswer(410), FailureCode.HTTP_STATUS, None, True),
        (HttpAnswer(429, {"retry-after": "7"}), FailureCode.RATE_LIMITED, 7.0, False),
        (HttpAnswer(503, {"retry-after": "999999999"}), FailureCode.HTTP_STATUS, 86_400.0, False),
        (HttpAnswer(503, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}), FailureCode.HTTP_STATUS, 0.0, False),
        (HttpAnswer(503, {"retry-after": "soon"}), FailureCode.HTTP_STATUS, None, False),
        (HttpAnswer(500, {"retry-after": "7"}), FailureCode.HTTP_STATUS, None, False),
        (HttpAnswer(failure=FailureCode.TLS, detail="bad"), FailureCode.TLS, None, False),
    ],
)
def test_what_is_no_success_says_why_and_when_to_come_again(answer, code, wait_s, is_final):
    failed = Webhook().read(answer)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retry_after_s, failed.is_final) == (code, wait_s, is_final)
    assert str(failed.params.get("answer", "")).isprintable()
