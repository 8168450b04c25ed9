"""Hints only raise the target; what cannot be read is given up until the next one."""

from hypothesis import given
from hypothesis import strategies as st

from app.websocket.state.log_position import LogPosition


@given(st.lists(st.integers(0, 50)))
def test_doubled_late_and_reordered_hints_leave_the_highest(seqs):
    position = LogPosition(10, 10)
    for seq in seqs:
        position.raise_target(seq)
    assert position.target_seq == max([10, *seqs])
    assert position.behind == any(seq > 10 for seq in seqs)


def test_what_was_given_up_is_wanted_again_by_the_next_hint():
    position = LogPosition(3, 3)
    position.raise_target(5)
    position.give_up()
    assert not position.behind
    position.raise_target(5)
    assert position.behind
