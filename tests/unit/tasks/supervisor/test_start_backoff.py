from app.tasks.supervisor.start_backoff import SHORTAGE_PAUSES_S, StartBackoff


def test_a_start_that_nothing_is_known_of_may_begin():
    assert StartBackoff().may_start("a", 0.0)


def test_lost_processes_are_counted_and_shortages_are_not():
    starts = StartBackoff()
    for _ in range(50):
        starts.record_shortage("a", 0.0)
    assert [starts.record_lost("a", 0.0) for _ in range(3)] == [1, 2, 3]


def test_each_shortage_delays_the_task_longer_up_to_a_bound():
    starts = StartBackoff()
    pauses = [starts.record_shortage("a", 0.0) for _ in range(7)]
    assert pauses == [*SHORTAGE_PAUSES_S, SHORTAGE_PAUSES_S[-1], SHORTAGE_PAUSES_S[-1]]
    assert not starts.may_start("a", SHORTAGE_PAUSES_S[-1] - 0.1)
    assert starts.may_start("a", SHORTAGE_PAUSES_S[-1])


def test_a_shortage_delays_the_others_too_but_lets_them_go_before_the_one_that_was_refused():
    starts = StartBackoff()
    pause_s = starts.record_shortage("a", 0.0)
    assert not starts.may_start("b", 0.0)
    assert starts.may_start("b", pause_s / 2)
    assert not starts.may_start("a", pause_s / 2)


def test_whoever_never_gets_its_resources_does_not_hold_up_the_others():
    """As when the store of one task alone is on a broken disk: the pause for all stays the first one's half."""
    starts = StartBackoff()
    for _ in range(9):
        starts.record_shortage("a", 0.0)
        starts.record_claim("b")
        starts.record_exit("b")
    starts.record_claim("b")
    assert starts.may_start("c", 0.0)


def test_many_that_are_short_of_something_once_hold_up_the_next_no_longer_than_one_does():
    """Each of them may be tried again after its own first pause: one that was never tried waits for half of that."""
    starts = StartBackoff()
    assert {starts.record_shortage(name, 0.0) for name in "abcdefghi"} == {SHORTAGE_PAUSES_S[0]}
    assert not starts.may_start("z", 0.0)
    assert starts.may_start("z", SHORTAGE_PAUSES_S[0] / 2)


def test_a_claim_ends_the_shortage():
    starts = StartBackoff()
    starts.record_shortage("a", 0.0)
    starts.record_claim("a")
    assert starts.may_start("a", 0.0)
    assert starts.record_shortage("a", 0.0) == SHORTAGE_PAUSES_S[0]


def test_a_scan_at_work_says_nothing_of_what_is_short_for_others():
    """Its process tells something every second; only the first time it tells of a start."""
    starts = StartBackoff()
    starts.record_claim("b")
    starts.record_shortage("a", 0.0)
    starts.record_claim("b")
    assert not starts.may_start("c", 0.0)
    starts.record_exit("b")
    starts.record_claim("b")
    assert starts.may_start("c", 0.0)


def test_those_who_wait_no_longer_are_forgotten():
    starts = StartBackoff()
    starts.record_lost("a", 0.0)
    starts.record_lost("b", 0.0)
    starts.keep({"b"})
    assert (starts.record_lost("a", 0.0), starts.record_lost("b", 0.0)) == (1, 2)
