"""What is said of a collector that is away, or refuses: when it begins and when it ends."""

from opentelemetry.sdk.trace.export import SpanExportResult

from app.core.span_export import QuietExporter
from tests.support.logs import captured_log, records


class Exporter:
    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.ended = False

    def export(self, spans):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def shutdown(self):
        self.ended = True

    def force_flush(self, timeout_millis=0):
        return timeout_millis == 7


def test_trouble_is_one_line_and_its_end_another():
    fails, works = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = QuietExporter(Exporter(works, ConnectionError("a secret"), fails, fails, works, works, fails))
    with captured_log("INFO") as log:
        assert [exporter.export([]) for _ in range(7)] == [works, fails, fails, fails, works, works, fails]
    said = log.getvalue()
    assert (said.count("traces_not_sent"), said.count("traces_sent_again")) == (2, 1)
    assert "ConnectionError" in [line.get("reason") for line in records(log)]
    assert "a secret" not in said
    assert "Traceback" not in said


def test_the_rest_is_the_exporter_s_own():
    exporter = Exporter()
    quiet = QuietExporter(exporter)
    assert quiet.force_flush(7)
    quiet.shutdown()
    assert exporter.ended
