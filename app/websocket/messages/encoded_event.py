"""A committed event as the bytes of its frames. No I/O."""

from dataclasses import replace

import orjson

from app.core import tracing
from app.core.clock import to_wire
from app.domain.messages import Language
from app.domain.translation import translate_event
from app.events.event import Event
from app.transport.framing import frame_text


class EncodedEvent:
    """A committed event, encoded and framed once for everybody who reads its language.

    `notice` is the frame for owners who do not follow the task; `followed(prev)` splices `prev_seq` in, and the usual
    `seq - 1` is kept, so that all in-sync subscriptions share the same bytes. Both are complete WebSocket frames.
    """

    __slots__ = ("_followed", "_head", "_notice", "_tail", "_told", "event", "size", "trace")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.trace = tracing.collected()  # what brought it here
        self._head = f'{{"type":"{event.type}","task_id":"{event.task_id}","seq":{event.seq},'.encode()
        body = event.body[1:-1]
        tail = f'"attempt":{event.attempt},{body}{"," if body else ""}"timestamp":"{to_wire(event.created_at)}"}}'
        self._tail = tail.encode()
        self._followed: bytes | None = None
        self._notice: bytes | None = None
        self._told: dict[Language, EncodedEvent] = {}  # in the languages of those who follow
        self.size = len(self._head) + len(self._tail) + 30  # with room for prev_seq and the frame's header

    def told_in(self, language: Language) -> "EncodedEvent":
        """Return the event with its texts in that language, created once; itself if it has none."""
        found = self._told.get(language)
        if found is None:
            found = self._told[language] = self._tell(language)
        return found

    def _tell(self, language: Language) -> "EncodedEvent":
        body = self.event.body
        if f'"lang":"{language}"' in body or '"lang":"' not in body:  # no text within can look so: quotes are escaped
            return self
        told = orjson.dumps(translate_event(self.event.type, self.event.payload(), language)).decode()
        found = EncodedEvent(replace(self.event, body=told))
        found.trace = self.trace
        return found

    @property
    def payload(self) -> bytes:
        """Return the event as JSON, without `prev_seq` and unframed."""
        return self._head + self._tail

    @property
    def notice(self) -> bytes:
        if self._notice is None:
            self._notice = frame_text(self.payload)
        return self._notice

    def followed(self, prev_seq: int) -> bytes:
        """Return the frame for a subscription whose last frame of this task was `prev_seq`."""
        if prev_seq != self.event.seq - 1:
            return self._splice(prev_seq)
        if self._followed is None:
            self._followed = self._splice(prev_seq)
        return self._followed

    def log_range(self) -> tuple[int, int, int]:
        """(first log_seq, last log_seq, lines) of a `task_logs` event."""
        lines = orjson.loads(self.event.body)["logs"]
        return lines[0]["log_seq"], lines[-1]["log_seq"], len(lines)

    def _splice(self, prev_seq: int) -> bytes:
        return frame_text(b'%b"prev_seq":%d,%b' % (self._head, prev_seq, self._tail))
