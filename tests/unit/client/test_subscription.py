"""The rule of protocol.md section 2, step by step and against a server that loses, doubles and prunes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.client.subscription import FrameEffect, TaskSubscription

TASK = "t1"


def event(seq, prev_seq=None, kind="task_progress"):
    return {"type": kind, "task_id": TASK, "seq": seq, "prev_seq": seq - 1 if prev_seq is None else prev_seq}


def notice(seq):
    return {"type": "violation_detected", "task_id": TASK, "seq": seq}


def snapshot(seq):
    return {"type": "task_snapshot", "task_id": TASK, "seq": seq}


def result(command, *, success=True, seq=None, recovered=None, code=None, action="subscribe"):
    frame = {"type": "subscription_result", "task_id": TASK, "action": action, "success": success, "id": command["id"]}
    if recovered is not None:
        frame["recovered"] = recovered
    if code:
        frame["error"] = {"code": code, "message": "no"}
    return frame


def placed(seq=5):
    """A subscription that stands at `seq` by a snapshot."""
    subscription = TaskSubscription(TASK)
    command = subscription.next_command(0.0)
    subscription.receive(result(command), 0.0)
    subscription.receive(snapshot(seq), 0.0)
    return subscription


def test_it_begins_with_a_subscription_and_no_position():
    command = TaskSubscription(TASK, log_tail=7).next_command(0.0)
    assert command["type"] == "subscribe_task"
    assert (command["task_id"], command["log_tail"], command["topics"]) == (TASK, 7, ["progress", "logs"])
    assert "last_seq" not in command


def test_a_known_position_is_given_along():
    assert TaskSubscription(TASK, last_seq=9).next_command(0.0)["last_seq"] == 9


def test_a_position_goes_with_the_epoch_in_which_it_was_reached():
    assert TaskSubscription(TASK, last_seq=9, epoch="a").next_command(0.0)["epoch"] == "a"
    subscription = TaskSubscription(TASK)
    command = subscription.next_command(0.0)
    assert "epoch" not in command
    subscription.receive({**result(command), "epoch": "b"}, 0.0)
    subscription.receive({**snapshot(5), "epoch": "b"}, 0.0)
    subscription.disconnected()
    command = subscription.next_command(0.0)
    assert (command["last_seq"], command["epoch"]) == (5, "b")
    subscription.receive({**result(command, recovered=False), "epoch": "c"}, 0.0)
    subscription.receive({**snapshot(3), "epoch": "c"}, 0.0)
    subscription.receive(event(5, prev_seq=4), 0.0)
    command = subscription.next_command(0.0)
    assert (command["type"], command["last_seq"], command["epoch"]) == ("resume", 3, "c")


def test_one_command_is_in_flight_and_is_sent_again_after_ten_seconds():
    subscription = TaskSubscription(TASK)
    first = subscription.next_command(0.0)
    assert subscription.next_command(9.9) is None
    again = subscription.next_command(10.0)
    assert again["type"] == "subscribe_task"
    assert again["id"] != first["id"]


def test_everything_before_the_answer_is_ignored_snapshots_and_dropped_logs_included():
    subscription = TaskSubscription(TASK)
    command = subscription.next_command(0.0)
    for frame in (snapshot(3), event(4), {"type": "logs_dropped", "task_id": TASK}, notice(4)):
        assert subscription.receive(frame, 0.0) is FrameEffect.IGNORE
    assert subscription.last is None
    assert subscription.receive(result(command), 0.0) is FrameEffect.SETTLED
    assert subscription.receive(snapshot(4), 0.0) is FrameEffect.APPLY
    assert subscription.last == 4


def test_an_answer_to_an_older_command_settles_nothing():
    subscription = TaskSubscription(TASK)
    old = subscription.next_command(0.0)
    new = subscription.next_command(10.0)
    assert subscription.receive(result(old), 10.1) is FrameEffect.IGNORE
    assert subscription.receive(snapshot(3), 10.1) is FrameEffect.IGNORE
    assert subscription.receive(result(new), 10.2) is FrameEffect.SETTLED


def test_in_order_applies_a_double_is_dropped_and_a_filtered_one_is_no_gap():
    subscription = placed(5)
    assert subscription.receive(event(6), 0.0) is FrameEffect.APPLY
    assert subscription.receive(event(6), 0.0) is FrameEffect.IGNORE
    assert subscription.receive(event(9, prev_seq=6), 0.0) is FrameEffect.APPLY
    assert subscription.last == 9


def test_a_gap_asks_to_resume_from_the_last_position():
    subscription = placed(5)
    assert subscription.receive(event(8), 0.0) is FrameEffect.GAP
    command = subscription.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("resume", 5)
    subscription.receive(result(command, recovered=True, action="resume"), 0.0)
    assert [subscription.receive(event(seq), 0.0) for seq in (6, 7, 8)] == [FrameEffect.APPLY] * 3


def test_a_notice_never_moves_the_position():
    subscription = placed(5)
    assert subscription.receive(notice(6), 0.0) is FrameEffect.IGNORE
    assert subscription.last == 5


def test_a_snapshot_moves_the_position_also_downwards():
    subscription = placed(50)
    assert subscription.receive(snapshot(7), 0.0) is FrameEffect.APPLY
    assert subscription.last == 7


def test_when_nothing_was_recovered_only_the_snapshot_counts():
    subscription = TaskSubscription(TASK, last_seq=90)
    subscription.receive(result(subscription.next_command(0.0), recovered=False), 0.0)
    assert subscription.receive(event(91), 0.0) is FrameEffect.IGNORE
    assert subscription.receive(snapshot(12), 0.0) is FrameEffect.APPLY
    assert subscription.last == 12


def test_a_cut_keeps_the_position_and_subscribes_anew():
    subscription = placed(5)
    subscription.disconnected()
    command = subscription.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("subscribe_task", 5)


def test_a_missing_task_is_lost():
    subscription = TaskSubscription(TASK)
    command = subscription.next_command(0.0)
    assert subscription.receive(result(command, success=False, code="not_found"), 0.0) is FrameEffect.LOST
    assert subscription.lost_code == "not_found"
    assert subscription.next_command(99.0) is None


def test_an_unasked_unsubscription_ends_the_right_to_follow():
    subscription = placed()
    unasked = {"type": "subscription_result", "task_id": TASK, "action": "unsubscribe", "success": True}
    assert subscription.receive(unasked, 0.0) is FrameEffect.LOST
    assert subscription.lost_code == "not_found"


def test_an_unasked_unsubscription_says_why():
    subscription = placed()
    error = {"code": "database_damaged", "message": ""}
    unasked = {"type": "subscription_result", "task_id": TASK, "action": "unsubscribe", "success": True, "error": error}
    assert subscription.receive(unasked, 0.0) is FrameEffect.LOST
    assert subscription.lost_code == "database_damaged"


def test_a_busy_server_is_asked_again_with_growing_pauses():
    subscription, now, pauses = TaskSubscription(TASK), 0.0, []
    for _ in range(7):
        command = subscription.next_command(now)
        subscription.receive(result(command, success=False, code="server_busy"), now)
        pauses.append(subscription.due_at() - now)
        now = subscription.due_at()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_an_error_with_the_id_of_the_command_repeats_it_after_the_time_asked_for():
    subscription = TaskSubscription(TASK)
    command = subscription.next_command(0.0)
    error = {"type": "error", "code": "rate_limited", "id": command["id"], "retry_after_ms": 2_500}
    assert subscription.receive(error, 0.0) is FrameEffect.SETTLED
    assert subscription.next_command(2.4) is None
    assert subscription.next_command(2.5)["type"] == "subscribe_task"


def test_an_error_without_that_id_changes_nothing():
    subscription = TaskSubscription(TASK)
    subscription.next_command(0.0)
    assert subscription.receive({"type": "error", "code": "rate_limited"}, 0.0) is FrameEffect.IGNORE
    assert subscription.next_command(5.0) is None


def test_a_resume_that_came_too_late_becomes_a_subscription():
    subscription = placed(5)
    subscription.receive(event(8), 0.0)
    resume = subscription.next_command(0.0)
    subscription.receive(result(resume, success=False, code="not_subscribed", action="resume"), 0.0)
    command = subscription.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("subscribe_task", 5)


def test_other_tasks_and_frames_of_the_connection_are_not_ours():
    subscription = placed(5)
    assert subscription.receive({**event(6), "task_id": "t2"}, 0.0) is FrameEffect.IGNORE
    assert subscription.receive({"type": "pong"}, 0.0) is FrameEffect.IGNORE


def test_a_deletion_without_a_number_applies():
    assert placed().receive({"type": "task_deleted", "task_id": TASK, "by": "x"}, 0.0) is FrameEffect.APPLY


class Server:
    """Answers as protocol.md says, over a wire that may lose frames, which a real connection never does."""

    def __init__(self):
        self.head = 2
        self.min_seq = 1
        self.sent = None  # position of the subscriber; None: it does not follow
        self.wire = []

    def add(self, lost):
        self.head += 1
        if self.sent is not None:
            if not lost:
                self.wire.append(event(self.head, prev_seq=self.sent))
            self.sent = self.head

    def answer(self, command):
        last = command.get("last_seq")
        action = "resume" if command["type"] == "resume" else "subscribe"
        replay = last is not None and self.min_seq - 1 <= last <= self.head
        self.wire.append(result(command, recovered=replay if last is not None else None, action=action))
        if replay:
            self.wire += [event(seq) for seq in range(last + 1, self.head + 1)]
        else:
            self.wire.append(snapshot(self.head))
        self.sent = self.head

    def cut(self):
        self.sent, self.wire = None, []


STEPS = st.lists(
    st.sampled_from(["event", "event", "lost", "double", "notice", "cut", "prune", "deliver"]), max_size=60
)


@settings(max_examples=300)
@given(steps=STEPS)
def test_every_event_is_applied_once_or_covered_by_a_snapshot(steps):
    server, subscription, now = Server(), TaskSubscription(TASK), 0.0
    seen = set()  # applied, or covered by a snapshot
    position = 0

    def deliver():
        nonlocal position
        command = subscription.next_command(now)
        if command:
            server.answer(command)
        wire, server.wire = server.wire, []
        for frame in wire:
            if subscription.receive(frame, now) is FrameEffect.APPLY:
                if frame["type"] == "task_snapshot":
                    seen.update(range(1, frame["seq"] + 1))
                else:
                    assert frame["seq"] not in seen
                    seen.add(frame["seq"])
                position = frame["seq"]
                assert position == subscription.last

    for step in steps:
        match step:
            case "event" | "lost":
                server.add(lost=step == "lost")
            case "double":
                server.wire += server.wire[-1:]
            case "notice":
                server.wire.append(notice(server.head))
            case "cut":
                server.cut()
                subscription.disconnected()
            case "prune":
                server.min_seq = server.head
            case "deliver":
                deliver()
        now += 11.0  # a command whose answer was cut off is repeated
    for _ in range(4):
        server.add(lost=False)
        deliver()
        now += 11.0
    assert seen == set(range(1, server.head + 1))
    assert subscription.last == server.head
