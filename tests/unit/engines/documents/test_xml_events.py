import pytest

from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.xml_events import read_xml


class Told:
    """Writes down what it is told."""

    def __init__(self):
        self.events = []

    def start(self, name, attributes):
        self.events.append((name, dict(attributes)))

    def text(self, data):
        self.events.append(data)

    def end(self, name):
        self.events.append(f"/{name}")


def test_elements_are_told_by_their_local_names():
    told = Told()
    assert read_xml(b'<a:x xmlns:a="u" a:k="1">t&amp;<b/></a:x>', told, CpuBudget(9))
    assert told.events == [("x", {"k": "1"}), "t&", ("b", {}), "/b", "/x"]


@pytest.mark.parametrize(
    "body",
    [
        b"<a>",
        b"<a></b>",
        b"no",
        b"",
        b'<?xml version="1.0" encoding="unknown"?><a/>',
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x"><a/>',
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    ],
)
def test_what_is_broken_or_declares_a_type_is_not_read_to_its_end(body):
    told = Told()
    assert not read_xml(body, told, CpuBudget(9))
    assert "x" not in told.events


def test_it_ends_when_the_time_is_spent():
    told = Told()
    assert not read_xml(b"<a/>", told, CpuBudget(0))
    assert told.events == []
