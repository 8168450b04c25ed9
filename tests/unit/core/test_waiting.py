from app.core.waiting import Caller, Turn


def test_a_turn_begins_until_its_deadline_and_not_after_it_was_refused():
    assert Turn(10.0).begin(10.0)
    assert not Turn(10.0).begin(10.1)
    turn = Turn(10.0)
    assert turn.refuse()
    assert not turn.begin(5.0)


def test_what_has_begun_cannot_be_refused():
    turn = Turn(10.0)
    assert turn.begin(5.0)
    assert not turn.refuse()


def test_for_a_client_that_has_gone_nothing_begins():
    assert not Turn(10.0, Caller(lambda: True)).begin(5.0)
    assert Turn(10.0, Caller(lambda: False)).begin(5.0)


def test_once_something_was_done_for_a_request_the_rest_of_it_is_done_too():
    gone = False
    caller = Caller(lambda: gone)
    assert Turn(10.0, caller).begin(5.0)
    gone = True
    assert Turn(10.0, caller).begin(5.0)
