import pytest

from app.identity.demo_visitor import DemoVisitor

VISITOR = DemoVisitor(username="admin", password="secret")


@pytest.mark.parametrize(
    ("address", "host", "is_let_in"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "::1", True),
        ("::1", "[::1]", True),
        ("192.0.2.7", "127.0.0.1", False),  # another machine
        ("127.0.0.1", "evil.test", False),  # a name that was made to lead here
        ("127.0.0.1", "127.0.0.1.evil.test", False),
        ("127.0.0.1", None, False),
        (None, "localhost", False),
        ("", "", False),
    ],
)
def test_only_a_browser_of_this_machine_that_asks_for_it_by_its_own_name_is_let_in(address, host, is_let_in):
    assert VISITOR.is_let_in(address=address, host=host) is is_let_in
