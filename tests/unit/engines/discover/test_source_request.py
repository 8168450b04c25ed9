import pytest

from app.engines.discover.source_request import ask, ask_json, listed
from app.engines.discover.sources import SourceFailed
from app.engines.model import FetchResult


class Answers:
    """One after the other, the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def fetch(self, url, **_):
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def test_what_passes_is_tried_again():
    service = Answers(FetchResult("", "", 503), FetchResult("", "", 200, body=b"[1]"))
    assert await ask_json("https://a.test/", service, retry_delays_s=(0,)) == [1]
    assert service.asked == 2


async def test_what_does_not_pass_is_not_tried_again():
    service = Answers(FetchResult("", "", 404))
    with pytest.raises(SourceFailed):
        await ask("https://a.test/", service, retry_delays_s=(0, 0))
    assert service.asked == 1


@pytest.mark.parametrize(("answer", "key"), [({}, None), ({"x": 1}, "x"), ("text", "x"), (None, None)])
def test_what_is_no_list_is_a_failure(answer, key):
    with pytest.raises(SourceFailed):
        listed(answer, key)


def test_a_list_stands_alone_or_under_its_key():
    assert listed([1]) == listed({"x": [1]}, "x") == [1]
