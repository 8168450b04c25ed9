import gc
import threading
from types import SimpleNamespace

import pytest

from app.core import heap as module
from app.core.heap import loading, settle_heap, without_collection


@pytest.fixture
def collector():
    """As it was before and after; a run of tests leaves everything alone already."""
    threshold = gc.get_threshold()
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("collector")
def test_what_the_start_has_made_is_left_alone_by_the_collector():
    settle_heap()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000


@pytest.mark.usefixtures("collector")
def test_it_looks_as_seldom_as_it_is_told():
    usual = gc.get_threshold()
    settle_heap()
    assert gc.get_threshold() == usual
    settle_heap(collect_every=12_345)
    assert gc.get_threshold()[0] == 12_345


@pytest.mark.usefixtures("collector")
def test_no_garbage_is_looked_for_while_modules_are_loaded():
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()  # somebody else has switched it off
    finally:
        gc.enable()


@pytest.mark.usefixtures("collector")
def test_blocks_that_overlap_cannot_keep_the_collector_away_for_ever():
    first, second = without_collection(), without_collection()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.isenabled()  # although the second one goes on
    second.__exit__(None, None, None)
    assert gc.isenabled()


@pytest.mark.usefixtures("collector")
def test_a_block_that_begins_while_another_ends_does_not_keep_the_collector_away(monkeypatch):
    """Two comparisons in two threads: the second one has asked whether the collector works, and then the first ends."""
    first, has_ended = without_collection(), threading.Event()
    first.__enter__()
    ending = threading.Thread(target=lambda: (first.__exit__(None, None, None), has_ended.set()))

    def is_enabled() -> bool:
        answer = gc.isenabled()
        ending.start()
        has_ended.wait(0.2)
        return answer

    monkeypatch.setattr(module, "gc", SimpleNamespace(isenabled=is_enabled, enable=gc.enable, disable=gc.disable))
    with without_collection():
        pass
    ending.join()
    assert gc.isenabled()
