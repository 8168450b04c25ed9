from types import SimpleNamespace

import pytest

from app.domain.messages import MessageCatalog
from app.engines.pipeline.capture.capture_shortfalls import CaptureShortfalls


class Sink:
    def __init__(self):
        self.said = []

    async def warning(self, code, message):
        self.said.append((code, message.key))


def open_shortfalls(**known):
    values = {
        "problems": [],
        "lost": 0,
        "pictures_missing": (0, 0),
        "captures_left_out": 0,
        "left_out": 0,
        "omitted": 0,
        "oversized": set(),
    }
    values |= known
    sink, selector = Sink(), SimpleNamespace(left_out=values["left_out"])
    contents = SimpleNamespace(problems=values["problems"], lost=values["lost"])
    captures = SimpleNamespace(pictures_missing=values["pictures_missing"], left_out=values["captures_left_out"])
    parties = SimpleNamespace(omitted=values["omitted"])
    shortfalls = CaptureShortfalls(
        contents=contents,
        captures=captures,
        render_service=SimpleNamespace(oversized=values["oversized"]),
        selector=selector,
        third_parties=parties,
        sink=sink,
        texts=MessageCatalog("en"),
    )
    return shortfalls, sink


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, []),
        ({"lost": 2}, [("degraded", "captures_lost")]),
        ({"pictures_missing": (3, 1)}, [("degraded", "no_picture")]),
        ({"captures_left_out": 4}, [("partial", "capture_time")]),
        ({"left_out": 5}, [("partial", "capture_limit")]),
        ({"oversized": {"http://greedy.test/"}}, [("degraded", "pages_oversized")]),
        ({"omitted": 6}, [("partial", "parties_limit")]),
    ],
)
async def test_each_is_said_at_the_end(known, said):
    shortfalls, sink = open_shortfalls(**known)
    await shortfalls.tell()
    assert sink.said == said


async def test_why_contents_are_not_kept_is_said_at_once_and_once():
    problems = ["captures_away"]
    shortfalls, sink = open_shortfalls(problems=problems)
    await shortfalls.tell_not_kept()
    await shortfalls.tell_not_kept()
    await shortfalls.tell()
    assert sink.said == [("degraded", "captures_away")]
