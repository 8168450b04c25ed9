from sqlalchemy import select

from app.core import listing
from app.identity.tables import users
from tests.support.rows import add_user


def test_rows_come_in_the_order_of_their_ids_without_those_that_are_gone(db, run, clock):
    first, second = (add_user(db, clock, name) for name in ("mei", "li"))
    assert [row.username for row in run(listing.in_order, users, [second, "gone", first])] == ["li", "mei"]
    assert run(listing.in_order, users, []) == []


def test_a_count_stops_where_counting_on_would_cost_others(db, run, clock):
    for number in range(5):
        add_user(db, clock, f"user{number}")
    assert run(listing.count_up_to, select(users.c.id)) == 5
    assert run(listing.count_up_to, select(users.c.id), 3) == 3
