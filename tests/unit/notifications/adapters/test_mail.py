"""Mails: text and HTML of the same, pictures inside, and nothing of a page that runs."""

from datetime import UTC, datetime

from app.notifications.adapters.mail import MAX_PICTURES, Mail, write_mail
from app.notifications.messages import MessageWriter
from app.notifications.outcome import Failed, FailureCode, Sent
from app.notifications.ports import Outgoing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NASTY = "https://x.example/<script>alert(1)</script>"


def outgoing(findings=1, language="en"):
    found = {"id": "gambling.bets.example", "domain": "bets.example", "category": "gambling", "risk_level": "high"}
    item = {"kind": "findings", "target_domain": "corp.example", "task_id": "t1", "attempt": 1, "total": findings}
    contents = {"items": [{**item, "findings": [{**found, "found_on": NASTY}] * findings}], "total": 1}
    return Outgoing("d1", "notification", NOW, contents, MessageWriter("https://s.example").write(contents, language))


class Remembering:
    def __init__(self):
        self.mails = []

    async def send(self, message):
        self.mails.append(message)
        return Sent()


class Pictures:
    def __init__(self, *found):
        self.found = list(found)

    async def picture(self, task_id, attempt, finding_id):
        return self.found.pop(0) if self.found else None


def test_a_mail_has_a_text_and_the_same_as_html():
    mail = write_mail("scanner@corp.example", "li@corp.example", outgoing(), [])
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "corp.example" in mail["Subject"]
    for part in (text, html):
        assert "bets.example" in part
        assert "https://s.example/scans/t1" in part
    assert "<script>" not in html
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<d1@corp.example>", "auto-generated")


def test_every_try_has_the_same_message_id():
    one, two = (write_mail("Scanner <s@corp.example>", "li@corp.example", outgoing(), []) for _ in range(2))
    assert one["Message-ID"] == two["Message-ID"] == "<d1@corp.example>"


def test_a_line_break_of_a_page_adds_no_header():
    message = outgoing().message
    broken = Outgoing("d1", "notification", NOW, {}, type(message)("a\r\nBcc: x@y.z", message.sections, "Open"))
    mail = write_mail("s@corp.example", "li@corp.example", broken, [])
    assert mail["Bcc"] is None
    assert mail["Subject"] == "a Bcc: x@y.z"


async def test_pictures_of_the_worst_findings_are_in_the_mail():
    server = Remembering()
    mail = Mail(server=server, sender="s@corp.example", pictures=Pictures(*(b"\xff\xd8jpeg",) * 9))
    assert await mail.send("li@corp.example", outgoing(findings=9)) == Sent()
    (sent,) = server.mails
    images = [part for part in sent.walk() if part.get_content_type() == "image/jpeg"]
    html = sent.get_body(("html",)).get_content()
    assert len(images) == MAX_PICTURES
    assert all(f"cid:{image['Content-ID'][1:-1]}" in html for image in images)
    assert images[0].get_content() == b"\xff\xd8jpeg"


async def test_a_mail_without_pictures_is_sent_as_well():
    server = Remembering()
    await Mail(server=server, sender="s@corp.example", pictures=Pictures()).send("li@corp.example", outgoing())
    assert len(server.mails) == 1


async def test_without_a_server_it_says_so():
    outcome = await Mail(server=None, sender="").send("li@corp.example", outgoing())
    assert outcome == Failed(FailureCode.MAIL_NOT_CONFIGURED)
