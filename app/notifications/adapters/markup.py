"""Messages in the markup of chat services, limited to their maximum size."""

from collections.abc import Callable, Iterator

from app.notifications.messages import Message, Section

Escape = Callable[[str], str]


def escape_markdown(text: str) -> str:
    """Escape text from pages (domains, URLs), so that it creates no links or headings."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#~" else char for char in text)


def escape_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fit(pieces: Iterator[str], *, max_bytes: int, ellipsis: str) -> str:
    """Join lines up to a size in UTF-8; if some do not fit, `ellipsis` is the last line."""
    lines: list[str] = []
    room = max_bytes - len(ellipsis.encode()) - 1
    for piece in pieces:
        room -= len(piece.encode()) + 1
        if room < 0:
            return "\n".join([*lines, ellipsis])
        lines.append(piece)
    return "\n".join(lines)


def markdown_lines(message: Message, *, with_title: bool = True) -> Iterator[str]:
    """Yield lines of the Markdown that DingTalk and WeCom support."""
    if with_title and len(message.sections) > 1:
        yield f"### {escape_markdown(message.title)}"
    for section in message.sections:
        yield f"#### {escape_markdown(section.heading)}"
        for line in section.lines:
            yield f"- {escape_markdown(line)}"
        if section.url is not None:
            yield f"[{escape_markdown(message.link_text)}]({section.url})"
        yield ""
    if message.more:
        yield escape_markdown(message.more)


def slack_lines(message: Message) -> Iterator[str]:
    """Yield lines of Slack's markup."""
    if len(message.sections) > 1:
        yield f"*{escape_slack(message.title)}*"
    for section in message.sections:
        yield f"*{escape_slack(section.heading)}*"
        yield from (f"• {escape_slack(line)}" for line in section.lines)
        if section.url is not None:
            yield f"<{section.url}|{escape_slack(message.link_text)}>"
    if message.more:
        yield escape_slack(message.more)


def text_lines(message: Message) -> Iterator[str]:
    """Yield lines of plain text."""
    for section in message.sections:
        yield from _text_of(section, message.link_text)
    if message.more:
        yield message.more


def _text_of(section: Section, link_text: str) -> Iterator[str]:
    yield section.heading
    yield from (f"- {line}" for line in section.lines)
    if section.url is not None:
        yield f"{link_text}: {section.url}"
    yield ""
