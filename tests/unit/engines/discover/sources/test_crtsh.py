import orjson
import pytest

from app.domain.scan_facts import FetchError
from app.engines.discover.sources import SourceFailed
from app.engines.discover.sources.crtsh import CrtSh
from app.engines.model import FetchResult


class Log:
    """Gives its answers one after the other, the last one for ever."""

    def __init__(self, *answers: FetchResult) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def fetch(self, url, **_):
        self.asked.append(url)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def answer(body: object = b"[]", *, status: int = 200, **rest) -> FetchResult:
    return FetchResult("", "", status, body=body if isinstance(body, bytes) else orjson.dumps(body), **rest)


ENTRIES = [
    {"name_value": "www.a.test\n*.dev.a.test", "common_name": "a.test"},
    {"name_value": "www.a.test"},
    {"common_name": None},
    "rubbish",
]


async def ask(log):
    return await CrtSh("https://ct.test/", retry_delays_s=(0, 0)).names("a.test", log)


async def test_names_come_from_both_fields_each_once():
    log = Log(answer(ENTRIES))
    assert await ask(log) == ["www.a.test", "*.dev.a.test", "a.test"]
    assert log.asked == ["https://ct.test/?q=%25.a.test&output=json"]


async def test_no_certificates_are_an_answer():
    assert await ask(Log(answer([]))) == []


@pytest.mark.parametrize(
    "bad",
    [
        answer(status=429),
        answer(b"<html>Bad gateway", status=502),
        FetchResult("", "", error=FetchError.CONNECT),
    ],
)
async def test_a_passing_failure_is_tried_again_and_then_reported(bad):
    log = Log(bad)
    with pytest.raises(SourceFailed):
        await ask(log)
    assert len(log.asked) == 3
    assert await ask(Log(bad, bad, answer(ENTRIES)))


@pytest.mark.parametrize(
    "bad",
    [
        answer(b"<html>busy"),
        answer({"error": "x"}),
        answer(status=404),
        FetchResult("", "", error=FetchError.TIMEOUT),
        FetchResult("", "", error=FetchError.DNS_UNREACHABLE),
        answer(ENTRIES, truncated=True),
        answer(ENTRIES, error=FetchError.TOO_SLOW),
    ],
)
async def test_an_answer_that_is_none_is_reported_at_once(bad):
    log = Log(bad)
    with pytest.raises(SourceFailed):
        await ask(log)
    assert len(log.asked) == 1


def test_the_source_is_named_after_its_host():
    assert CrtSh("https://crt.sh/").name == "crt.sh"
    assert CrtSh("nonsense").name == "certificate-log"
