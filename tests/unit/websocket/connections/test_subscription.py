"""A position that only moves by the next row, and `prev_seq` as it is when a frame leaves."""

from datetime import UTC, datetime
from types import SimpleNamespace

import orjson
import pytest

from app.events.event import Event
from app.websocket.connections.subscription import Subscription
from app.websocket.messages.encoded_event import EncodedEvent
from app.websocket.messages.topics import topics
from tests.support.transports import split_frames


class Group:
    """An in-sync group with one member."""

    def __init__(self, member, missed=()):
        self.cursor, self.last_sent = 9, 8
        self.member, self.missed = member, missed
        member.group = self

    def leave(self, member):
        member.take_back(self.cursor, self.last_sent, self.missed, 100)


@pytest.fixture
def subscription():
    sent = []
    connection = SimpleNamespace(transport=None, direct_bytes=0, sent=sent)
    connection.send_followed = lambda to, event: sent.append(orjson.loads(split_frames(to.frame(event))[0]))
    return Subscription("t", connection)


def event(seq, kind="task_cancelling"):
    return EncodedEvent(Event("t", seq, 1, kind, '{"by":"mei"}', datetime(2026, 1, 1, tzinfo=UTC)))


def sent(subscription):
    return [(frame["prev_seq"], frame["seq"]) for frame in subscription.connection.sent]


def test_only_the_next_row_is_taken(subscription):
    subscription.start_at(4)
    taken = [subscription.deliver(event(seq)) for seq in (7, 4, 5, 5, 6)]
    assert taken == [False, False, True, False, True]
    assert sent(subscription) == [(4, 5), (5, 6)]


def test_a_hidden_topic_moves_the_position_and_prev_seq_tells_of_the_last_frame(subscription):
    subscription.topics = topics(frozenset({"logs"}))
    subscription.start_at(4)
    assert subscription.deliver(event(5, "task_progress"))
    assert subscription.deliver(event(6))
    assert sent(subscription) == [(4, 6)]


def test_in_a_group_the_position_is_the_groups(subscription):
    Group(subscription)
    assert (subscription.cursor, subscription.last_sent) == (9, 8)


def test_who_leaves_a_group_takes_its_position_and_what_was_not_written_along(subscription):
    Group(subscription, missed=(event(9),))
    subscription.leave_group()
    assert (subscription.group, subscription.cursor, subscription.last_sent) == (None, 9, 9)
    assert sent(subscription) == [(8, 9)]
    assert subscription.connection.direct_bytes == 100


def test_a_read_under_way_is_void_after_a_new_position_and_after_a_stop(subscription):
    before = subscription.generation
    subscription.start_at(4)
    subscription.stop_live()
    assert subscription.generation == before + 2
    assert not subscription.live
