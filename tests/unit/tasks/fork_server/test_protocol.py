import os
import socket

import orjson
import pytest

from app.tasks.fork_server.protocol import MAX_MESSAGE_BYTES, READY, answer, fork_request, reap_request, receive, send


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_messages_arrive_one_by_one_with_their_descriptors(pair):
    ours, theirs = pair
    reading, writing = os.pipe()
    assert send(ours, fork_request(1, "module", "task-1"), (reading, writing))
    assert send(ours, reap_request(2, 77))
    first, second = receive(theirs), receive(theirs)
    assert first.fields == {"id": 1, "module": "module", "mark": "task-1"}
    assert (second.fields, second.descriptors) == ({"id": 2, "reap": 77}, [])
    os.write(first.descriptors[1], b"through")
    assert os.read(reading, 10) == b"through"
    assert not any(os.get_inheritable(descriptor) for descriptor in first.descriptors)
    for descriptor in (reading, writing, *first.descriptors):
        os.close(descriptor)


def test_an_answer_repeats_the_number_of_its_request(pair):
    ours, theirs = pair
    send(ours, answer({"id": 5, "reap": 1}, code=-9))
    send(ours, READY)
    assert receive(theirs).fields == {"id": 5, "code": -9}
    assert "id" not in receive(theirs).fields


def test_the_end_of_the_other_side_is_seen_by_both(pair):
    ours, theirs = pair
    theirs.close()
    assert receive(ours).fields == {}
    assert not send(ours, READY)


def test_what_is_no_message_is_refused(pair):
    ours, theirs = pair
    ours.send(b"x")
    with pytest.raises(ValueError, match="unexpected"):
        receive(theirs)
    ours.send(orjson.dumps({"id": 1, "error": "x" * MAX_MESSAGE_BYTES}))
    with pytest.raises(ValueError, match="too long"):
        receive(theirs)
