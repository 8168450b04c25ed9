"""An event is encoded once; only `prev_seq` differs between those who get it."""

from datetime import UTC, datetime

import orjson

from app.domain.messages import Language, MessageCatalog
from app.domain.translation import said
from app.events.event import Event
from app.websocket.messages.encoded_event import EncodedEvent
from tests.support.frames import read_frame
from tests.support.transports import split_frames

BODY = '{"code":"partial","message":"没有","reason":null}'.replace(',"reason":null', "")


def event(kind="task_warning", body=BODY, seq=7):
    return EncodedEvent(Event("t", seq, 2, kind, body, datetime(2026, 1, 1, tzinfo=UTC)))


def test_the_frame_of_a_subscriber_is_of_the_contract_and_says_what_came_before():
    (payload,) = split_frames(event().followed(4))
    frame = read_frame(payload)
    assert (frame["seq"], frame["prev_seq"], frame["attempt"], frame["message"]) == (7, 4, 2, "没有")
    assert frame["timestamp"] == "2026-01-01T00:00:00.000Z"


def test_a_notice_has_no_prev_seq():
    (payload,) = split_frames(event().notice)
    assert "prev_seq" not in read_frame(payload)
    assert payload == event().payload


def test_those_who_are_in_sync_share_the_same_bytes():
    encoded = event()
    assert encoded.followed(6) is encoded.followed(6)
    assert encoded.notice is encoded.notice
    assert encoded.followed(5) == encoded.followed(5) != encoded.followed(6)


def told(language):
    return orjson.dumps({"code": "queued", **said(MessageCatalog(language)("queued", position=3))}).decode()


def test_an_event_is_made_once_for_each_language_that_is_read():
    encoded = event(body=told("zh-CN"))
    english = encoded.told_in(Language.EN)
    assert encoded.told_in(Language.EN) is english
    assert encoded.told_in(Language.ZH_CN) is encoded
    (payload,) = split_frames(english.followed(4))
    frame = read_frame(payload)
    assert (frame["seq"], frame["prev_seq"], frame["lang"]) == (7, 4, "en")
    assert frame["message"] == MessageCatalog("en")("queued", position=3)
    assert english.payload == event(body=told("en")).payload


def test_an_event_from_before_there_were_keys_is_the_same_in_every_language():
    encoded = event()
    assert [encoded.told_in(language) for language in Language] == [encoded] * len(Language)


def test_a_text_that_looks_like_the_mark_of_a_language_is_none():
    body = orjson.dumps({"code": "partial", "message": '"lang":"en"'}).decode()
    encoded = event(body=body)
    assert encoded.told_in(Language.EN) is encoded
    marked = event(body=orjson.dumps({"message": '"lang":"en"', "lang": "zh-CN"}).decode())
    assert marked.told_in(Language.EN) is not marked


def test_an_event_without_a_body_is_still_json():
    assert orjson.loads(event("task_stage", "{}").payload)["type"] == "task_stage"


def test_its_size_is_at_least_that_of_its_frames():
    encoded = event(seq=2**40)
    assert encoded.size >= len(encoded.followed(2**40 - 9)) >= len(encoded.notice)


def test_log_lines_say_their_range():
    lines = [{"log_seq": number, "message": "x"} for number in (3, 4, 5)]
    assert event("task_logs", orjson.dumps({"logs": lines}).decode()).log_range() == (3, 5, 3)
