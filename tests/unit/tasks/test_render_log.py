from dataclasses import replace

import orjson
import pytest
import zstandard

from app.captures.contents import pack
from app.engines.capture.link_sight import LinkSight
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.capture.page_renderer import Rendered, RenderFailed
from app.tasks import render_log
from app.tasks.render_log import pack_log, unpack_log


def test_a_log_comes_back_as_it_was():
    requests = (LoadedRequest("https://a.test/x", "script", ("https://b.test/", "https://c.test/")),)
    rendered = Rendered("https://c.test/", "t", "<p>", b"", requests, ("<p>frame", "<p>half \ud800"), is_cut=True)
    sights = (LinkSight("https://d.test/", "covered", is_sure=True), LinkSight("https://e.test/", "", is_sure=False))
    packed = pack_log(replace(rendered, sights=sights))
    assert unpack_log(packed) == (requests, ("<p>frame", "<p>half ?"), True, sights)


def test_a_worker_of_the_version_before_has_seen_no_link():
    assert unpack_log(pack(orjson.dumps([[], [], False]))) == ((), (), False, ())


def test_what_is_too_large_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(render_log, "MAX_LOG", 100)
    with pytest.raises(RenderFailed):
        unpack_log(pack(b"x" * 101))


def test_a_log_that_hides_its_size_is_not_unpacked_either(monkeypatch):
    monkeypatch.setattr(render_log, "MAX_LOG", 100)
    hidden = zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 10_000)
    with pytest.raises(zstandard.ZstdError):
        unpack_log(hidden)
