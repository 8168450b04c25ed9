"""The rule of protocol.md section 2, step by step and against a server that loses, doubles and prunes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.client.following import Following, Verdict

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
    """A following that stands at `seq` by a snapshot."""
    following = Following(TASK)
    command = following.next_command(0.0)
    following.receive(result(command), 0.0)
    following.receive(snapshot(seq), 0.0)
    return following


def test_it_begins_with_a_subscription_and_no_position():
    command = Following(TASK, log_tail=7).next_command(0.0)
    assert command["type"] == "subscribe_task"
    assert (command["task_id"], command["log_tail"], command["topics"]) == (TASK, 7, ["progress", "logs"])
    assert "last_seq" not in command


def test_a_known_position_is_given_along():
    assert Following(TASK, last_seq=9).next_command(0.0)["last_seq"] == 9


def test_a_position_goes_with_the_epoch_in_which_it_was_reached():
    assert Following(TASK, last_seq=9, epoch="a").next_command(0.0)["epoch"] == "a"
    following = Following(TASK)
    command = following.next_command(0.0)
    assert "epoch" not in command
    following.receive({**result(command), "epoch": "b"}, 0.0)
    following.receive({**snapshot(5), "epoch": "b"}, 0.0)
    following.disconnected()
    command = following.next_command(0.0)
    assert (command["last_seq"], command["epoch"]) == (5, "b")
    following.receive({**result(command, recovered=False), "epoch": "c"}, 0.0)
    following.receive({**snapshot(3), "epoch": "c"}, 0.0)
    following.receive(event(5, prev_seq=4), 0.0)
    command = following.next_command(0.0)
    assert (command["type"], command["last_seq"], command["epoch"]) == ("resume", 3, "c")


def test_one_command_is_in_flight_and_is_sent_again_after_ten_seconds():
    following = Following(TASK)
    first = following.next_command(0.0)
    assert following.next_command(9.9) is None
    again = following.next_command(10.0)
    assert again["type"] == "subscribe_task"
    assert again["id"] != first["id"]


def test_everything_before_the_answer_is_ignored_snapshots_and_dropped_logs_included():
    following = Following(TASK)
    command = following.next_command(0.0)
    for frame in (snapshot(3), event(4), {"type": "logs_dropped", "task_id": TASK}, notice(4)):
        assert following.receive(frame, 0.0) is Verdict.IGNORE
    assert following.last is None
    assert following.receive(result(command), 0.0) is Verdict.SETTLED
    assert following.receive(snapshot(4), 0.0) is Verdict.APPLY
    assert following.last == 4


def test_an_answer_to_an_older_command_settles_nothing():
    following = Following(TASK)
    old = following.next_command(0.0)
    new = following.next_command(10.0)
    assert following.receive(result(old), 10.1) is Verdict.IGNORE
    assert following.receive(snapshot(3), 10.1) is Verdict.IGNORE
    assert following.receive(result(new), 10.2) is Verdict.SETTLED


def test_in_order_applies_a_double_is_dropped_and_a_filtered_one_is_no_gap():
    following = placed(5)
    assert following.receive(event(6), 0.0) is Verdict.APPLY
    assert following.receive(event(6), 0.0) is Verdict.IGNORE
    assert following.receive(event(9, prev_seq=6), 0.0) is Verdict.APPLY
    assert following.last == 9


def test_a_gap_asks_to_resume_from_the_last_position():
    following = placed(5)
    assert following.receive(event(8), 0.0) is Verdict.GAP
    command = following.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("resume", 5)
    following.receive(result(command, recovered=True, action="resume"), 0.0)
    assert [following.receive(event(seq), 0.0) for seq in (6, 7, 8)] == [Verdict.APPLY] * 3


def test_a_notice_never_moves_the_position():
    following = placed(5)
    assert following.receive(notice(6), 0.0) is Verdict.IGNORE
    assert following.last == 5


def test_a_snapshot_moves_the_position_also_downwards():
    following = placed(50)
    assert following.receive(snapshot(7), 0.0) is Verdict.APPLY
    assert following.last == 7


def test_when_nothing_was_recovered_only_the_snapshot_counts():
    following = Following(TASK, last_seq=90)
    following.receive(result(following.next_command(0.0), recovered=False), 0.0)
    assert following.receive(event(91), 0.0) is Verdict.IGNORE
    assert following.receive(snapshot(12), 0.0) is Verdict.APPLY
    assert following.last == 12


def test_a_cut_keeps_the_position_and_subscribes_anew():
    following = placed(5)
    following.disconnected()
    command = following.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("subscribe_task", 5)


def test_a_missing_task_is_lost():
    following = Following(TASK)
    command = following.next_command(0.0)
    assert following.receive(result(command, success=False, code="not_found"), 0.0) is Verdict.LOST
    assert following.lost_code == "not_found"
    assert following.next_command(99.0) is None


def test_an_unasked_unsubscription_ends_the_right_to_follow():
    following = placed()
    unasked = {"type": "subscription_result", "task_id": TASK, "action": "unsubscribe", "success": True}
    assert following.receive(unasked, 0.0) is Verdict.LOST


def test_a_busy_server_is_asked_again_with_growing_pauses():
    following, now, pauses = Following(TASK), 0.0, []
    for _ in range(7):
        command = following.next_command(now)
        following.receive(result(command, success=False, code="server_busy"), now)
        pauses.append(following.due_at() - now)
        now = following.due_at()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_an_error_with_the_id_of_the_command_repeats_it_after_the_time_asked_for():
    following = Following(TASK)
    command = following.next_command(0.0)
    error = {"type": "error", "code": "rate_limited", "id": command["id"], "retry_after_ms": 2_500}
    assert following.receive(error, 0.0) is Verdict.SETTLED
    assert following.next_command(2.4) is None
    assert following.next_command(2.5)["type"] == "subscribe_task"


def test_an_error_without_that_id_changes_nothing():
    following = Following(TASK)
    following.next_command(0.0)
    assert following.receive({"type": "error", "code": "rate_limited"}, 0.0) is Verdict.IGNORE
    assert following.next_command(5.0) is None


def test_a_resume_that_came_too_late_becomes_a_subscription():
    following = placed(5)
    following.receive(event(8), 0.0)
    resume = following.next_command(0.0)
    following.receive(result(resume, success=False, code="not_subscribed", action="resume"), 0.0)
    command = following.next_command(0.0)
    assert (command["type"], command["last_seq"]) == ("subscribe_task", 5)


def test_other_tasks_and_frames_of_the_connection_are_not_ours():
    following = placed(5)
    assert following.receive({**event(6), "task_id": "t2"}, 0.0) is Verdict.IGNORE
    assert following.receive({"type": "pong"}, 0.0) is Verdict.IGNORE


def test_a_deletion_without_a_number_applies():
    assert placed().receive({"type": "task_deleted", "task_id": TASK, "by": "x"}, 0.0) is Verdict.APPLY


class Server:
    """Answers as protocol.md says, over a wire that may lose frames, which a real connection never does."""

    def __init__(self):
        self.head = 2
        self.min_seq = 1
        self.sent = None  # position of the follower; None: it does not follow
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
    server, following, now = Server(), Following(TASK), 0.0
    seen = set()  # applied, or covered by a snapshot
    position = 0

    def deliver():
        nonlocal position
        command = following.next_command(now)
        if command:
            server.answer(command)
        wire, server.wire = server.wire, []
        for frame in wire:
            if following.receive(frame, now) is Verdict.APPLY:
                if frame["type"] == "task_snapshot":
                    seen.update(range(1, frame["seq"] + 1))
                else:
                    assert frame["seq"] not in seen
                    seen.add(frame["seq"])
                position = frame["seq"]
                assert position == following.last

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
                following.disconnected()
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
    assert following.last == server.head
