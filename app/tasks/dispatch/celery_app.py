"""Makes the Celery application: the names of its tasks, its queues, and how it behaves.

A message says "look at what waits" and nothing more: it names no scan and no page. Lost, late, doubled and redelivered
ones change nothing, because the database says what waits, and a claim in it says whose it is. So there is no result
backend, and nothing of another program's is deleted. A message that wakes for a scan does not expire: it would do so by
the clock of the worker, and one that is ahead would take none.

Queues are bound to no exchange: a message is pushed onto the list of its queue, and a worker needs no other key.
"""

from collections.abc import Sequence
from typing import Any, Final

from celery import Celery
from kombu import Queue

from app.core.config import Settings
from app.core.deployment import BROWSER_QUEUE, QUEUES, SCAN_QUEUE

TASK: Final = "compliance.execute_scan_task"
RENDER_TASK: Final = "compliance.render_pages"
KEY_PREFIX: Final = "compliance:queue:"  # of all keys in Redis
POOL: Final = "threads"  # a scan is a process of its own; the thread only waits for it
SOCKET_TIMEOUT_S: Final = 5
RENDER_EXPIRES_S: Final = 30  # browser workers look by themselves every few seconds
# An unacknowledged message is delivered again after this time, also while its worker is at work: it does no harm.
VISIBILITY_TIMEOUT_S: Final = 12 * 3_600
# The user of Redis of a browser worker can only access the list of its queue (deploy/redis/users.acl). What it takes
# is not kept until it is acknowledged, in keys that all queues share: it looks by itself every few seconds.
OWN_LIST_ONLY: Final = {"ack_emulation": False, "priority_steps": (0,)}


def make_celery(settings: Settings, queues: Sequence[str] = QUEUES) -> Celery:
    """Return the application of a process that serves these queues; nothing is connected before it is used."""
    assert settings.redis_url is not None  # a distributed deployment has one
    celery = Celery("compliance", broker=settings.redis_url.get_secret_value(), set_as_current=False)
    is_browser = set(queues) == {BROWSER_QUEUE}
    celery.conf.update(_configuration(is_monitored=settings.celery_monitoring and not is_browser))
    if is_browser:
        celery.conf.broker_transport_options |= OWN_LIST_ONLY
    return celery


def _configuration(*, is_monitored: bool) -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_ignore_result": True,
        "task_default_queue": SCAN_QUEUE,
        "task_default_exchange": "",
        "task_queues": [Queue(name, routing_key=name) for name in QUEUES],
        # A worker holds as many messages as it works at, so that what it cannot begin goes to another one.
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_pool": POOL,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # For Flower and its like. What the product itself shows of workers are rows (ADR 0033).
        "worker_enable_remote_control": is_monitored,
        "worker_send_task_events": is_monitored,
        "task_send_sent_event": is_monitored,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "socket_connect_timeout": SOCKET_TIMEOUT_S,
            "socket_timeout": SOCKET_TIMEOUT_S,
        },
    }
