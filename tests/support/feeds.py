"""Notifications in users' feeds, without the scans that would have caused them."""

from typing import Any

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.notifications import NotificationKind
from app.notifications.content import MAX_URL
from app.notifications.queries import feed


def add_notifications(
    db: Database, clock: Clock, user_id: str, count: int = 1, *, characters: int = 0, findings: int = 0
) -> int:
    """Write them without a hint; return the number of the newest. `characters`: of a text in each; `findings`: that
    each lists, with URLs as long as they are kept.
    """

    def work(connection: Connection) -> int:
        last = feed.lock(connection, user_id)
        rows = [_row(clock, user_id, last + number, characters, findings) for number in range(1, count + 1)]
        feed.add(connection, rows)
        return last + count

    return db.write_sync(work)


def _row(clock: Clock, user_id: str, seq: int, characters: int, findings: int) -> dict[str, Any]:
    kind = NotificationKind.FINDINGS if findings else NotificationKind.SCAN_COMPLETED
    content: dict[str, Any] = {"kind": kind, "target_domain": f"corp{seq}.example", "attempt": 1, "total": findings}
    if characters:
        content["since"] = "x" * characters
    if findings:
        content["findings"] = [_finding(number) for number in range(findings)]
    return {
        "user_id": user_id,
        "seq": seq,
        "id": new_id(),
        "kind": kind,
        "task_id": None,
        "content": content,
        "created_at": clock.now(),
    }


def _finding(number: int) -> dict[str, Any]:
    domain = f"bets{number}.example"
    return {
        "id": f"gambling.{domain}",
        "domain": domain,
        "category": "gambling",
        "risk_level": "high",
        "needs_review": False,
        "url": f"https://{domain}/".ljust(MAX_URL, "x"),
        "found_on": "https://www.corp.example/".ljust(MAX_URL, "x"),
    }


class FeedSubscriber:
    """The client's whole rule for the topic `notifications` (protocol.md, "Follow notifications")."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.seqs: list[int] = []  # of all notifications, in the order in which they were accepted
        self.unread: int | None = None
        self.read_revision: int | None = None
        self.counted = 0  # the newest number that a state included
        self.resets = 0  # it must read the list again

    def take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "topic_result" if frame["success"] and frame["action"] == "subscribe":
                self.counted = 0
                if not frame.get("recovered"):
                    self.resets += 1
                    self.last = frame["seq"]
            case "notification" if self.last is not None and frame["seq"] > self.last:
                assert frame["prev_seq"] <= self.last, "the server never makes a gap"
                assert frame["notification"]["seq"] == frame["seq"]
                assert frame["seq"] > self.counted, "a state comes behind all notifications that it includes"
                self.last = frame["seq"]
                self.seqs.append(frame["seq"])
            case "notification_state":
                assert self.last is not None
                assert frame["seq"] >= self.last
                self.counted = frame["seq"]
                self.unread, self.read_revision = frame["unread"], frame["read_revision"]
