"""E-mail as plain text and HTML, in the language of the channel, with screenshots of its findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from html import escape
from typing import Any, Final

from app.notifications.adapters.markup import text_lines
from app.notifications.messages import Message, Section
from app.notifications.outcome import Failed, FailureCode, Outcome
from app.notifications.ports import FindingPictures, MailSender, Outgoing

MAX_PICTURES: Final = 3  # of one mail, for the findings with the highest risk
MAX_PICTURE_BYTES: Final = 1 << 20
_STYLE: Final = (
    "font:15px/1.5 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',sans-serif;color:#1f2328;max-width:640px"
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Mail:
    """Sends e-mail. `server` None: the deployment has no mail server. `sender`: the `From` address."""

    server: MailSender | None
    sender: str
    pictures: FindingPictures | None = None

    spacing_s: float = 5.0  # so that a burst becomes a digest instead of a hundred mails

    async def send(self, address: str, outgoing: Outgoing) -> Outcome:
        if self.server is None:
            return Failed(FailureCode.MAIL_NOT_CONFIGURED)
        shown = await self._pictures(outgoing.contents)
        return await self.server.send(write_mail(self.sender, address, outgoing, shown))

    async def _pictures(self, contents: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """Return the names and screenshots of findings that have a screenshot."""
        if self.pictures is None:
            return []
        shown = []
        for item in contents["items"]:
            for found in item.get("findings", ())[:MAX_PICTURES]:
                picture = await self.pictures.picture(item["task_id"], item["attempt"], found["id"])
                if picture is not None and len(picture) <= MAX_PICTURE_BYTES:
                    shown.append((f"{item['target_domain']}: {found['domain']}", picture))
                if len(shown) == MAX_PICTURES:
                    return shown
        return shown


def write_mail(sender: str, address: str, outgoing: Outgoing, pictures: Sequence[tuple[str, bytes]]) -> EmailMessage:
    """Return the mail. Every attempt has the same `Message-ID`, by which mailboxes recognise duplicates."""
    message = outgoing.message
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.title.split())[:200]
    mail["From"] = sender
    mail["To"] = Address(addr_spec=address)
    mail["Date"] = format_datetime(outgoing.created_at)
    mail["Message-ID"] = f"<{outgoing.delivery_id}@{sender.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic responders must not reply
    mail["X-Compliance-Delivery"] = outgoing.delivery_id
    mail.set_content("\n".join(text_lines(message)))
    ids = [make_msgid(domain="finding")[1:-1] for _ in pictures]
    mail.add_alternative(_html(message, [(cid, name) for cid, (name, _) in zip(ids, pictures, strict=True)]), "html")
    html = mail.get_payload()[1]  # type: ignore[index] # the part that was just added
    for cid, (_, data) in zip(ids, pictures, strict=True):
        html.add_related(data, "image", "jpeg", cid=f"<{cid}>", disposition="inline")  # type: ignore[union-attr] # as above
    return mail


def _html(message: Message, pictures: Sequence[tuple[str, str]]) -> str:
    body = "".join(_section(section, message.link_text) for section in message.sections)
    shown = "".join(
        f'<p><img src="cid:{cid}" alt="{escape(name)}" style="max-width:100%;border:1px solid #d0d7de"></p>'
        for cid, name in pictures
    )
    more = f"<p>{escape(message.more)}</p>" if message.more else ""
    head = f'<html lang="{message.language}"><head><meta charset="utf-8"><title>{escape(message.title)}</title></head>'
    return f'<!doctype html>{head}<body><div style="{_STYLE}">{body}{shown}{more}</div></body></html>'


def _section(section: Section, link_text: str) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in section.lines)
    lines = f"<ul>{items}</ul>" if items else ""
    link = "" if section.url is None else f'<p><a href="{escape(section.url)}">{escape(link_text)}</a></p>'
    return f'<h2 style="font-size:17px">{escape(section.heading)}</h2>{lines}{link}'
