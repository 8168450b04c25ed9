from app.core.paging import Paging


def test_a_page_begins_behind_those_before_it():
    assert Paging().offset == 0
    assert Paging(3, 20).offset == 40
