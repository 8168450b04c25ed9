"""Sends the messages that make workers look at what waits."""

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from app.core.deployment import BROWSER_QUEUE, SCAN_QUEUE
from app.core.errors import Unavailable
from app.tasks.dispatch.celery_app import RENDER_EXPIRES_S, RENDER_TASK, TASK

_TROUBLE = (OperationalError, KombuError, OSError)


class CeleryWakeups:
    """Fulfils `ports.Wakeups`."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery

    def send(self, count: int) -> None:
        for _ in range(count):
            self._send(TASK, SCAN_QUEUE)

    def wake_browser(self) -> None:
        self._send(RENDER_TASK, BROWSER_QUEUE, RENDER_EXPIRES_S)

    def _send(self, task: str, queue: str, expires_s: int | None = None) -> None:
        try:
            self._celery.send_task(task, queue=queue, expires=expires_s, retry=False, ignore_result=True)
        except _TROUBLE as error:
            raise Unavailable(text="queue_unavailable") from error

    def count_waiting(self) -> int:
        try:
            with self._celery.connection_for_write(
                transport_options=self._celery.conf.broker_transport_options
            ) as link:
                declared = self._celery.amqp.queues[SCAN_QUEUE](link.default_channel).queue_declare()
                return int(declared.message_count)
        except _TROUBLE as error:
            raise Unavailable(text="queue_unavailable") from error
