"""Chat bots: DingTalk, WeCom, Feishu (Lark), and Slack's incoming webhooks.

The first three respond with HTTP 200 even if they reject a message, with an error code in the body. Senders wait
`spacing_s` between two messages, which respects the rate limit of each service.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

import orjson

from app.core.redact import display_text
from app.notifications.adapters.answers import SHOWN, read_object, read_status
from app.notifications.adapters.markup import fit, markdown_lines, slack_lines, text_lines
from app.notifications.outcome import Failed, FailureCode, Outcome, Sent
from app.notifications.ports import HttpAnswer, HttpRequest, Outgoing

ELLIPSIS: Final = "…"
BUSY_S: Final = 60.0  # all limits are per minute
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


class DingTalk:
    """`config`: `url` of the bot, and `secret` if it requires signatures.

    Limits (open.dingtalk.com, custom robots): 20 messages a minute, or it is blocked for ten minutes; 20,000 bytes.
    """

    spacing_s: Final = 3.0
    max_bytes: Final = 16_000
    _TOO_FAST: Final = frozenset({130101, 410100, 90018})

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest:
        text = fit(markdown_lines(outgoing.message), max_bytes=self.max_bytes, ellipsis=ELLIPSIS)
        document = {"msgtype": "markdown", "markdown": {"title": outgoing.message.title[:100], "text": text}}
        return HttpRequest(self._signed(config, now), orjson.dumps(document), _JSON)

    def _signed(self, config: Mapping[str, Any], now: datetime) -> str:
        url, secret = config["url"], config.get("secret")
        if not secret:
            return str(url)
        timestamp = str(int(now.timestamp() * 1000))
        digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), "sha256")
        return f"{url}&timestamp={timestamp}&sign={quote_plus(b64encode(digest))}"

    def read(self, answer: HttpAnswer) -> Outcome:
        return _read_code(answer, "errcode", "errmsg", self._TOO_FAST, busy_s=10 * BUSY_S)


class WeCom:
    """`config`: `url` of the bot, whose key is the only credential.

    Limits (developer.work.weixin.qq.com, group robots): 20 messages a minute; 4,096 bytes of Markdown.
    """

    spacing_s: Final = 3.0
    max_bytes: Final = 4_000
    _TOO_FAST: Final = frozenset({45009, 45033})

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest:  # noqa: ARG002 - the port's shape
        text = fit(markdown_lines(outgoing.message), max_bytes=self.max_bytes, ellipsis=ELLIPSIS)
        return HttpRequest(config["url"], orjson.dumps({"msgtype": "markdown", "markdown": {"content": text}}), _JSON)

    def read(self, answer: HttpAnswer) -> Outcome:
        return _read_code(answer, "errcode", "errmsg", self._TOO_FAST)


class Feishu:
    """`config`: `url` of the bot, and `secret` if it requires signatures.

    Limits (open.feishu.cn, custom bots): 100 messages a minute and five a second; 20 KiB.
    """

    spacing_s: Final = 0.7
    max_bytes: Final = 16_000
    _TOO_FAST: Final = frozenset({9499, 11232, 11233, 99991400})

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest:
        message = outgoing.message
        text = fit(text_lines(message), max_bytes=self.max_bytes, ellipsis=ELLIPSIS)
        lines = [[{"tag": "text", "text": line}] for line in text.split("\n")]
        post = {"title": message.title[:100], "content": lines}
        language = message.language.lower().replace("-", "_") if "-" in message.language else "en_us"
        document = {"msg_type": "post", "content": {"post": {language: post}}, **self._signature(config, now)}
        return HttpRequest(config["url"], orjson.dumps(document), _JSON)

    def _signature(self, config: Mapping[str, Any], now: datetime) -> dict[str, str]:
        secret = config.get("secret")
        if not secret:
            return {}
        timestamp = str(int(now.timestamp()))
        digest = hmac.digest(f"{timestamp}\n{secret}".encode(), b"", "sha256")
        return {"timestamp": timestamp, "sign": b64encode(digest).decode()}

    def read(self, answer: HttpAnswer) -> Outcome:
        found = read_object(answer)
        code, said = ("code", "msg") if "code" in found else ("StatusCode", "StatusMessage")
        return _read_code(answer, code, said, self._TOO_FAST)


class Slack:
    """`config`: `url` of the incoming webhook.

    Limits (docs.slack.dev, rate limits): one message a second; texts are truncated to 40,000 characters.
    """

    spacing_s: Final = 1.1
    max_bytes: Final = 12_000

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest:  # noqa: ARG002 - the port's shape
        text = fit(slack_lines(outgoing.message), max_bytes=self.max_bytes, ellipsis=ELLIPSIS)
        return HttpRequest(config["url"], orjson.dumps({"text": text, "unfurl_links": False}), _JSON)

    def read(self, answer: HttpAnswer) -> Outcome:
        return read_status(answer)


def _read_code(
    answer: HttpAnswer, code_name: str, said_name: str, too_fast: frozenset[int], *, busy_s: float = BUSY_S
) -> Outcome:
    """Return the outcome of a response with an error code in its body: 0 means that the message was accepted."""
    by_status = read_status(answer)
    if isinstance(by_status, Failed):
        return by_status
    found = read_object(answer)
    code = found.get(code_name)
    if code == 0:
        return Sent()
    said = display_text(str(found.get(said_name, "")))[:SHOWN]
    params = {"status": answer.status, "answer": f"{code_name} {code}: {said}"}
    if code in too_fast:
        return Failed(FailureCode.RATE_LIMITED, params, retry_after_s=busy_s)
    return Failed(FailureCode.REJECTED, params)
