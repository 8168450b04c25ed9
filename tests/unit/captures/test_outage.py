from app.captures.outage import PATIENCE_S, PROBE_EVERY_S, StorageOutage


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_an_outage_is_worth_waiting_for_until_patience_is_over():
    clock = Clock()
    outage = StorageOutage(clock)
    assert outage.may_ask()
    assert outage.note_failure()
    clock.now += PATIENCE_S - 0.1
    assert outage.note_failure()
    assert not outage.was_given_up
    clock.now += 0.1
    assert not outage.note_failure()
    assert outage.was_given_up


def test_what_was_given_up_is_asked_by_one_at_a_time():
    clock = Clock()
    outage = StorageOutage(clock)
    outage.note_failure()
    clock.now += PATIENCE_S
    outage.note_failure()
    assert not outage.may_ask()
    clock.now += PROBE_EVERY_S
    assert [outage.may_ask(), outage.may_ask()] == [True, False]
    assert not outage.note_failure()
    assert not outage.may_ask()


def test_an_answer_ends_it_and_the_next_one_is_waited_for_again():
    clock = Clock()
    outage = StorageOutage(clock)
    assert not outage.note_answer()
    outage.note_failure()
    clock.now += PATIENCE_S
    outage.note_failure()
    assert outage.note_answer()
    assert outage.may_ask()
    assert outage.note_failure()
    assert outage.was_given_up
