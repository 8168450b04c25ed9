"""How the queue behaves; a real one is in tests/system/test_distributed.py."""

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.deployment import BROWSER_QUEUE, QUEUES, SCAN_QUEUE
from app.core.errors import ConfigurationError
from app.tasks.dispatch.celery_app import RENDER_TASK, TASK, make_celery
from app.worker import make_application

DISTRIBUTED = {
    "database_url": "postgresql+psycopg://x/y",
    "redis_url": SecretStr("redis://127.0.0.1:1/0"),
}


def test_a_message_has_no_result_and_a_worker_holds_no_more_than_it_works_at():
    configuration = make_celery(Settings(**DISTRIBUTED)).conf
    assert (configuration.task_ignore_result, configuration.result_backend) == (True, None)
    assert (configuration.task_acks_late, configuration.worker_prefetch_multiplier) == (True, 1)
    assert configuration.accept_content == ["json"]
    assert [queue.name for queue in configuration.task_queues] == list(QUEUES)


def test_queues_are_bound_to_no_exchange():
    queues = make_celery(Settings(**DISTRIBUTED)).amqp.queues.values()
    assert {(queue.name, queue.exchange.name, queue.routing_key) for queue in queues} == {
        (name, "", name) for name in QUEUES
    }


def test_a_browser_worker_uses_the_list_of_its_queue_alone():
    """Its user of Redis can access nothing else: tests/attack/test_browser_worker.py."""
    configuration = make_celery(Settings(**DISTRIBUTED, celery_monitoring=True), [BROWSER_QUEUE]).conf
    assert configuration.broker_transport_options["ack_emulation"] is False
    assert configuration.broker_transport_options["priority_steps"] == (0,)
    assert not configuration.worker_enable_remote_control
    assert not configuration.worker_send_task_events


@pytest.mark.parametrize("queues", [[SCAN_QUEUE], list(QUEUES)])
def test_a_worker_of_scans_acknowledges_what_it_has_taken(queues):
    options = make_celery(Settings(**DISTRIBUTED), queues).conf.broker_transport_options
    assert "ack_emulation" not in options


@pytest.mark.parametrize("is_monitored", [False, True])
def test_events_and_remote_control_are_off_unless_a_deployment_wants_them(is_monitored):
    configuration = make_celery(Settings(**DISTRIBUTED, celery_monitoring=is_monitored)).conf
    switches = ("worker_enable_remote_control", "worker_send_task_events", "task_send_sent_event")
    assert [configuration[name] for name in switches] == [is_monitored] * 3


def test_the_applications_tasks_are_the_seeds_and_the_wake_up_of_browser_workers():
    celery = make_application(Settings(**DISTRIBUTED))
    assert {name for name in celery.tasks if not name.startswith("celery.")} == {TASK, RENDER_TASK}


def test_an_embedded_deployment_has_no_workers():
    with pytest.raises(ConfigurationError, match="PostgreSQL and Redis"):
        make_application(Settings())
