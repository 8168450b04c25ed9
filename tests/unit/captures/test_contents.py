import pytest

from app.captures.contents import Contents
from app.captures.packing import digest_of
from app.captures.port import ContentsUnavailable


class Recording:
    def __init__(self, there):
        self.there, self.written = there, []

    def renew(self, sha256):
        if isinstance(self.there, Exception):
            raise self.there
        return self.there

    def write(self, sha256, packed):
        self.written.append(sha256)


def test_only_what_is_not_there_is_written():
    new, known = Recording(None), Recording(7)
    assert Contents(new).put(b"page") == Contents(known).put(b"page") == digest_of(b"page")
    assert (new.written, known.written) == ([digest_of(b"page")], [])


def test_while_nobody_knows_whether_it_is_there_nothing_is_written():
    storage = Recording(ContentsUnavailable("away"))
    with pytest.raises(ContentsUnavailable):
        Contents(storage).put(b"page")
    assert storage.written == []
