"""Every query of notifications, called once, for the tests of plans."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

from app.notifications.queries import deliveries, digests, feed, outbox, rules, told
from app.notifications.queries.deliveries import Claimed

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
ID: Final = "0" * 36
CHANNEL: Final = {
    "id": ID,
    "user_id": ID,
    "name": "c",
    "kind": "slack",
    "language": "en",
    "shown": "",
    "sealed": "",
    "is_enabled": True,
    "created_at": NOW,
    "due_at": NOW,
    "failures": 0,
}
DELIVERY: Final = {
    "id": ID,
    "channel_id": ID,
    "user_id": ID,
    "source": "s",
    "contents": {},
    "status": "waiting",
    "attempts": 0,
    "created_at": NOW,
    "next_at": NOW,
    "expires_at": NOW,
}
RULE: Final = {
    "id": ID,
    "user_id": ID,
    "name": "r",
    "is_enabled": True,
    "kinds": [],
    "min_risk": "high",
    "targets": [],
    "all_users": True,
    "channel_ids": [ID],
    "timing": {},
    "digest_at": NOW,
    "created_at": NOW,
}
NOTIFICATION: Final = {"user_id": ID, "seq": 1, "id": ID, "kind": "k", "content": {}, "created_at": NOW}
KNOWN: Final = {
    "rule_id": ID,
    "owner_id": ID,
    "target_domain": "example.com",
    "known": {},
}


class Happened(SimpleNamespace):
    """A row of the outbox."""

    def _asdict(self) -> dict[str, Any]:
        return {**vars(self), "due_at": NOW}


ITEM: Final = {"rule_id": ID, "notification_id": ID, "content": {}}
CROWDED: Final = {"channel_id": ID, "notification_id": ID, "content": {}, "due_at": NOW}
HAPPENED: Final[Any] = Happened(kind="found", subject_id=ID, number=1, version=1, created_at=NOW)
CLAIMED: Final = Claimed(SimpleNamespace(id=ID), SimpleNamespace(id=ID))  # type: ignore[arg-type] # of rows, their ids
OF_TARGET: Final = ([ID], ID, "example.com")


def with_channel(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A walk that finds a channel with a delivery that is due."""

    def walk(c: Any) -> None:
        deliveries.add_channel(c, CHANNEL)
        deliveries.add(c, [DELIVERY])
        work(c)

    return walk


def with_rule(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def walk(c: Any) -> None:
        rules.add(c, RULE)
        work(c)

    return walk


def finish(c: Any) -> None:
    deliveries.claim(c, NOW, [], token="t", until=NOW)
    deliveries.finish(c, CLAIMED, "t", delivery={"status": "sent"}, channel={"failures": 0}, not_before=NOW)


WALK: Final[dict[str, Callable[[Any], Any]]] = {
    "outbox.due": lambda c: outbox.due(c, NOW, limit=50),
    "outbox.remove": lambda c: outbox.remove(c, HAPPENED),
    "outbox.defer": lambda c: outbox.defer(c, HAPPENED, NOW),
    "outbox.remove_found": lambda c: outbox.remove_found(c, ID, 1),
    "outbox.run_of": lambda c: (outbox.run_of(c, ID, 1), outbox.run_of(c, ID, 0)),
    "outbox.put_back": lambda c: outbox.put_back(c, HAPPENED, {}),
    "feed.lock": lambda c: feed.lock(c, ID),
    "feed.contents_of": lambda c: feed.contents_of(c, ID, [7, 8]),
    "feed.add": lambda c: (feed.lock(c, ID), feed.add(c, [NOTIFICATION])),
    "feed.heads": lambda c: feed.heads(c, [ID]),
    "feed.head": lambda c: feed.head(c, ID),
    "feed.after": lambda c: feed.after(c, ID, 5, limit=50),
    "feed.before": lambda c: [feed.before(c, ID, seq, limit=50) for seq in (None, 5)],
    "feed.count_unread": lambda c: feed.count_unread(c, ID),
    "feed.mark_read": lambda c: feed.mark_read(c, ID, NOW, up_to=5, seqs=[7, 8]),
    "feed.last_told": lambda c: feed.last_told(c, ID, "findings"),
    "told.of_rules": lambda c: told.of_rules(c, *OF_TARGET),
    "told.longest": lambda c: told.longest(c, *OF_TARGET),
    "told.put": with_rule(lambda c: told.put(c, [KNOWN])),
    "rules.of_user": lambda c: rules.of_user(c, ID),
    "rules.find": lambda c: rules.find(c, ID, ID),
    "rules.count": lambda c: rules.count(c, ID),
    "rules.add": with_rule(lambda _: None),
    "rules.change": lambda c: rules.change(c, ID, ID, {"name": "n"}),
    "rules.remove": lambda c: rules.remove(c, ID, ID),
    "rules.leave_out_channel": with_rule(lambda c: rules.leave_out_channel(c, ID, ID)),
    "rules.about": lambda c: rules.about(c, ID),
    "rules.hold": lambda c: rules.hold(c, [ID, ID]),
    "rules.remove_some": lambda c: rules.remove_some(c, ID, 100),
    "digests.gather_for_rules": with_rule(lambda c: digests.gather_for_rules(c, [ITEM], {ID: NOW})),
    "digests.gather_for_channels": with_channel(lambda c: digests.gather_for_channels(c, [CROWDED])),
    "digests.due_of_rules": lambda c: digests.due_of_rules(c, NOW, limit=50),
    "digests.due_of_channels": lambda c: digests.due_of_channels(c, NOW, limit=50),
    "digests.take_of_rule": with_rule(
        lambda c: (
            digests.gather_for_rules(c, [ITEM], {ID: NOW}),
            digests.take_of_rule(c, rules.find(c, ID, ID), limit=9),  # type: ignore[arg-type] # it is there
        )
    ),
    "digests.take_of_channel": with_channel(
        lambda c: (digests.gather_for_channels(c, [CROWDED]), digests.take_of_channel(c, ID, limit=9))
    ),
    "digests.defer_of_rule": with_rule(lambda c: digests.defer_of_rule(c, rules.find(c, ID, ID), NOW)),  # type: ignore[arg-type] # it is there
    "digests.defer_of_channel": lambda c: digests.defer_of_channel(c, ID, NOW),
    "deliveries.of_user": lambda c: deliveries.of_user(c, ID),
    "deliveries.find_channel": lambda c: deliveries.find_channel(c, ID, ID),
    "deliveries.count_channels": lambda c: deliveries.count_channels(c, ID),
    "deliveries.add_channel": lambda c: deliveries.add_channel(c, CHANNEL),
    "deliveries.change_channel": lambda c: deliveries.change_channel(c, ID, ID, {"name": "n"}),
    "deliveries.remove_some": lambda c: deliveries.remove_some(c, ID, 100),
    "deliveries.remove_channel": lambda c: deliveries.remove_channel(c, ID, ID),
    "deliveries.enabled": lambda c: deliveries.enabled(c, ID, [ID, ID]),
    "deliveries.wake": lambda c: [deliveries.wake(c, [ID], NOW, in_trouble_too=too) for too in (False, True)],
    "deliveries.has_due": lambda c: deliveries.has_due(c, NOW, [ID]),
    "deliveries.claim": with_channel(lambda c: deliveries.claim(c, NOW, [], token="t", until=NOW)),
    "deliveries.finish": with_channel(finish),
    "deliveries.release": lambda c: deliveries.release(c, CLAIMED, "t", NOW),
    "deliveries.release_all": lambda c: deliveries.release_all(c, NOW),
    "deliveries.hurry": lambda c: deliveries.hurry(c, ID, NOW),
    "deliveries.lock": lambda c: deliveries.lock(c, ID),
    "deliveries.add": with_channel(lambda _: None),
    "deliveries.count_waiting": lambda c: deliveries.count_waiting(c, ID, [ID, ID], limit=10),
    "deliveries.page": lambda c: [
        deliveries.page(c, ID, status=status, channel_id=channel, before=before, limit=50)
        for status in (None, "dead")
        for channel in (None, ID)
        for before in (None, (NOW, ID))
    ],
    "deliveries.last_of_sources": lambda c: [
        deliveries.last_of_sources(c, prefixes)
        for prefixes in ({}, {ID: "test:"}, {ID: "test:", f"{ID[1:]}1": "test:"})
    ],
    "deliveries.find": lambda c: deliveries.find(c, ID, ID),
    "deliveries.resend": lambda c: deliveries.resend(c, CLAIMED.delivery, now=NOW, expires_at=NOW),
}
