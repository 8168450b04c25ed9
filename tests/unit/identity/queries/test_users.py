from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.principal import ASSIGNABLE
from app.identity.queries import users
from app.identity.queries.users import KEPT_ADDRESSES, knows_address, remember_address
from app.identity.tables import CAN_BE_ASSIGNED, known_addresses
from tests.support.rows import add_user


@pytest.fixture
def mei(db, clock):
    return add_user(db, clock, "Mei")


def test_names_and_addresses_are_taken_whatever_their_case(run, mei):
    assert run(users.find_by_name, "mEI").id == run(users.find, mei).id == mei
    assert run(users.taken, username="MEI", email=None) == "username"
    assert run(users.taken, username="li", email="mei@EXAMPLE.org") == "email"
    assert run(users.taken, username="mei", email="mei@example.org", besides=mei) is None
    assert run(users.taken, username=None, email=None) is None


def test_the_database_itself_refuses_a_second_user_of_a_name(db, run, clock, mei):
    row = dict(run(users.find, mei)._mapping)
    with pytest.raises(IntegrityError):
        run(users.add, {**row, "id": "other", "username": "MEI", "email": "other@example.org"})


def test_pages_come_in_the_order_of_creation_with_the_total(db, run, clock):
    for name in ("a", "b", "c"):
        clock.advance(1)
        add_user(db, clock, name)
    page, total = run(users.list_page, offset=1, limit=5)
    assert ([row.username for row in page], total) == (["b", "c"], 3)


def test_a_list_has_users_by_a_part_of_their_name_and_who_can_be_assigned_findings(db, run, clock, mei):
    boss = add_user(db, clock, "Mein_Boss", role="admin")
    add_user(db, clock, "mein.boss", role="admin")
    add_user(db, clock, "judge", role="reviewer")
    run(users.change, boss, {"is_active": False})

    def names(**wanted):
        page, total = run(users.list_page, users.UserFilter(**wanted), offset=0, limit=9)
        assert total == len(page)
        return [row.username for row in page]

    assert names(q="EI") == ["Mei", "Mein_Boss", "mein.boss"]
    assert names(q="n_b") == ["Mein_Boss"]  # no pattern
    assert names(is_assignable=True) == ["mein.boss", "judge"]
    assert names(q="li", is_assignable=True) == []


def test_the_index_of_those_who_can_be_assigned_has_all_their_roles():
    assert str(CAN_BE_ASSIGNED) == f"role IN {ASSIGNABLE} AND is_active"


def test_a_user_is_changed_and_removed(run, mei):
    run(users.change, mei, {"role": "admin", "is_active": False})
    assert (run(users.find, mei).role, run(users.find, mei).is_active) == ("admin", False)
    run(users.remove, mei)
    assert run(users.find, mei) is None


def test_only_other_active_administrators_count(db, run, clock, mei):
    assert not run(users.count_other_admins, mei)
    boss = add_user(db, clock, "boss", role="admin")
    assert (run(users.count_other_admins, mei), run(users.count_other_admins, boss)) == (1, 0)
    run(users.change, boss, {"is_active": False})
    assert run(users.count_other_admins, mei) == 0


def test_whether_there_is_anybody(run, db, clock):
    assert not run(users.any_exists)
    add_user(db, clock, "mei")
    assert run(users.any_exists)


def test_the_newest_addresses_of_a_user_are_kept(db, clock):
    mei, li = add_user(db, clock, "mei"), add_user(db, clock, "li")

    def work(connection):
        remember_address(connection, li, "home", now=clock.now())
        remember_address(connection, mei, "home", now=clock.now())
        for number in range(KEPT_ADDRESSES - 1):
            remember_address(connection, mei, str(number), now=clock.now() + timedelta(seconds=number + 1))
        remember_address(connection, mei, "home", now=clock.now() + timedelta(days=1))
        remember_address(connection, mei, "new", now=clock.now() + timedelta(days=2))
        return [knows_address(connection, name, address) for name, address in (
            ("MEI", "home"), ("mei", "new"), ("mei", "0"), ("mei", "1"), ("li", "home"), ("li", "new"), ("no", "home")
        )]  # fmt: skip

    assert db.write_sync(work) == [True, True, False, True, True, False, False]
    assert len(db.read_sync(lambda c: c.execute(known_addresses.select()).all())) == KEPT_ADDRESSES + 1
