"""Robots of chat services: signatures as their documents give them, sizes, and answers with a code of their own."""

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from app.notifications.adapters.robots import DingTalk, Feishu, Slack, WeCom
from app.notifications.messages import MessageWriter
from app.notifications.outcome import Failed, FailureCode, Sent
from app.notifications.ports import HttpAnswer, Outgoing

NOW = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
ROBOTS = [DingTalk(), WeCom(), Feishu(), Slack()]
FINDING = {
    "domain": "bets.example",
    "category": "gambling",
    "risk_level": "high",
    "found_on": "https://x.example/[a](b)<c>",
}


def outgoing(count=1, language="en", sections=1):
    found = {"kind": "findings", "target_domain": "corp_*x*.example", "task_id": "t1", "total": count}
    contents = {"items": [{**found, "findings": [FINDING] * count}] * sections, "total": sections}
    message = MessageWriter("https://scan.example").write(contents, language)
    return Outgoing("d1", "notification", NOW, contents, message)


def answer(**fields):
    return HttpAnswer(200, {}, orjson.dumps(fields))


def test_dingtalk_signs_time_and_secret_in_its_address():
    request = DingTalk().compose({"url": "https://r.example/?access_token=t", "secret": "SEC1"}, outgoing(), NOW)
    query = parse_qs(urlsplit(request.url).query)
    assert query["access_token"] == ["t"]
    assert query["timestamp"] == ["1767225605000"]
    assert query["sign"] == [b64encode(hmac.digest(b"SEC1", b"1767225605000\nSEC1", "sha256")).decode()]
    document = orjson.loads(request.body)
    assert document["msgtype"] == "markdown"
    assert "corp" in document["markdown"]["title"]


def test_feishu_signs_nothing_with_time_and_secret_in_its_body():
    document = orjson.loads(Feishu().compose({"url": "https://r.example/", "secret": "S"}, outgoing(), NOW).body)
    assert document["timestamp"] == "1767225605"
    assert document["sign"] == b64encode(hmac.digest(b"1767225605\nS", b"", "sha256")).decode()
    assert document["content"]["post"]["en_us"]["title"]
    chinese = orjson.loads(Feishu().compose({"url": "https://r.example/"}, outgoing(language="zh-CN"), NOW).body)
    assert set(chinese["content"]["post"]) == {"zh_cn"}
    assert "sign" not in chinese


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: type(robot).__name__)
def test_a_message_is_no_longer_than_its_service_takes(robot):
    request = robot.compose({"url": "https://r.example/"}, outgoing(count=20, language="zh-CN", sections=20), NOW)
    document = orjson.loads(request.body)
    text = (
        document.get("text") or document.get("markdown", {}).get("text") or document.get("markdown", {}).get("content")
    )
    if text is None:
        text = "\n".join(line[0]["text"] for line in document["content"]["post"]["zh_cn"]["content"])
    assert len(text.encode()) <= robot.max_bytes
    assert text.endswith("…")


@pytest.mark.parametrize("robot", [DingTalk(), WeCom()], ids=["dingtalk", "wecom"])
def test_what_a_page_wrote_makes_no_link_and_no_emphasis(robot):
    document = orjson.loads(robot.compose({"url": "https://r.example/"}, outgoing(), NOW).body)["markdown"]
    text = document.get("text") or document["content"]
    assert "[a](b)" not in text
    assert "*x*.example" not in text.replace("\\*", "")
    assert "https://scan.example/scans/t1" in text


def test_slack_escapes_what_steers_it():
    text = orjson.loads(Slack().compose({"url": "https://r.example/"}, outgoing(), NOW).body)["text"]
    assert "&lt;c&gt;" in text
    assert "<https://scan.example/scans/t1|" in text


@pytest.mark.parametrize("robot", ROBOTS[:3], ids=["dingtalk", "wecom", "feishu"])
def test_success_is_what_the_code_says(robot):
    assert robot.read(answer(errcode=0, errmsg="ok", code=0)) == Sent()
    for refused in (
        answer(errcode=93000, errmsg="invalid webhook url", code=19021, msg="sign match fail"),
        HttpAnswer(200, {}, b"<html>"),
    ):
        failed = robot.read(refused)
        assert isinstance(failed, Failed)
        assert failed.code is FailureCode.REJECTED
    assert robot.read(HttpAnswer(502, {}, b"bad gateway")).code is FailureCode.HTTP_STATUS


@pytest.mark.parametrize(
    ("robot", "fields"),
    [
        (DingTalk(), {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
        (WeCom(), {"errcode": 45009, "errmsg": "api freq out of limit"}),
        (Feishu(), {"code": 11232, "msg": "create message trigger by frequency limit"}),
    ],
    ids=["dingtalk", "wecom", "feishu"],
)
def test_too_fast_means_later(robot, fields):
    failed = robot.read(answer(**fields))
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.RATE_LIMITED
    assert (failed.retry_after_s or 0) >= 60


def test_feishu_has_an_older_answer_too():
    assert Feishu().read(answer(StatusCode=0, StatusMessage="success")) == Sent()


def test_slack_answers_by_status():
    assert Slack().read(HttpAnswer(200, {}, b"ok")) == Sent()
    assert Slack().read(HttpAnswer(429, {"retry-after": "30"})).retry_after_s == 30.0
    assert Slack().read(HttpAnswer(404, {}, b"no_service")).params["answer"] == "no_service"
