import gc

from app.server import settle_heap


def test_what_the_start_has_made_is_left_alone_by_the_collector():
    gc.unfreeze()  # a run of tests leaves everything alone already
    try:
        settle_heap()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 10_000
    finally:
        gc.unfreeze()
