"""`compliance worker`: works for a deployment with PostgreSQL and Redis, until it is told to end."""

from contextlib import ExitStack
from pathlib import Path

from app.cli.language import Reader
from app.cli.misused import Misused
from app.cli.testnet import open_testnet
from app.core.config import load_settings
from app.core.deployment import BROWSER_QUEUE, QUEUES, require_packages, require_services
from app.core.heap import loading
from app.core.logging import configure_logging


def run_worker(
    *,
    data_dir: Path | None,
    concurrency: int | None,
    queues: str,
    metrics_port: int | None,
    use_testnet: bool,
    reader: Reader,
) -> int:
    """Return the exit code.

    Raises Misused; ConfigurationError: a service or Chromium is missing, or a setting is wrong.
    """
    check_queues(queues)
    with ExitStack() as stack:
        overrides = stack.enter_context(open_testnet(reader.texts)).overrides if use_testnet else {}
        settings = load_settings(
            **overrides, data_dir=data_dir, worker_metrics_port=metrics_port, language=reader.asked
        )
        require_services(settings)
        require_packages(settings)
        with loading():
            from app.compose.worker import require_browser
            from app.worker import run_worker as work

        if BROWSER_QUEUE in queues.split(","):
            require_browser(settings)
        configure_logging(settings.log_level, settings.log_format)
        return work(settings, concurrency=concurrency or settings.max_concurrent_scans, queues=queues)


def check_queues(asked: str) -> None:
    """Raise Misused when a queue is named that nobody sends to: the worker would wait for ever."""
    unknown = sorted(set(asked.split(",")) - set(QUEUES))
    if unknown:
        raise Misused("queues", value=", ".join(map(repr, unknown)), known=", ".join(QUEUES))
