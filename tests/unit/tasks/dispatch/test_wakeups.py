"""Messages in a real Redis, and what happens when it is away."""

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.deployment import BROWSER_QUEUE
from app.core.errors import Unavailable
from app.tasks.dispatch.celery_app import KEY_PREFIX, make_celery
from app.tasks.dispatch.wakeups import CeleryWakeups
from tests.support.redis_server import running_redis
from tests.support.said import refused


def wakeups_on(url):
    return CeleryWakeups(make_celery(Settings(database_url="postgresql+psycopg://x/y", redis_url=SecretStr(url))))


def test_a_redis_that_is_away_is_said_as_unavailable():
    queue = wakeups_on("redis://127.0.0.1:1/0")
    with refused("queue_unavailable", Unavailable):
        queue.send(1)
    with refused("queue_unavailable", Unavailable):
        queue.count_waiting()
    with refused("queue_unavailable", Unavailable):
        queue.wake_browser()


@pytest.mark.system
def test_messages_are_counted_and_all_keys_are_ours():
    with running_redis() as redis:
        queue = wakeups_on(redis.url)
        assert queue.count_waiting() == 0
        queue.send(3)
        queue.wake_browser()
        assert queue.count_waiting() == 3, "a page is no scan"
        with redis.client() as client:
            keys = client.keys()
            assert client.llen(f"{KEY_PREFIX}{BROWSER_QUEUE}") == 1
        assert keys
        assert all(key.startswith(KEY_PREFIX.encode()) for key in keys)
