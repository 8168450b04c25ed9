from app.core.pending_write import PendingWrite, RequestClient


def test_a_turn_begins_until_its_deadline_and_not_after_it_was_refused():
    assert PendingWrite(10.0).begin(10.0)
    assert not PendingWrite(10.0).begin(10.1)
    pending = PendingWrite(10.0)
    assert pending.refuse()
    assert not pending.begin(5.0)


def test_what_has_begun_cannot_be_refused():
    pending = PendingWrite(10.0)
    assert pending.begin(5.0)
    assert not pending.refuse()


def test_for_a_client_that_has_gone_nothing_begins():
    assert not PendingWrite(10.0, RequestClient(lambda: True)).begin(5.0)
    assert PendingWrite(10.0, RequestClient(lambda: False)).begin(5.0)


def test_once_something_was_done_for_a_request_the_rest_of_it_is_done_too():
    gone = False
    caller = RequestClient(lambda: gone)
    assert PendingWrite(10.0, caller).begin(5.0)
    gone = True
    assert PendingWrite(10.0, caller).begin(5.0)
