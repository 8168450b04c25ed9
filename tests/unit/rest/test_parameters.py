"""What routes find on the lifespan state, and the page of a list that a query asks for."""

from starlette.requests import Request

from app.core.paging import Paging
from app.rest.parameters import get_paging, get_services


def test_the_services_are_those_of_the_lifespan():
    services = object()
    request = Request({"type": "http", "headers": [], "state": {"services": services}})
    assert get_services(request) is services


def test_a_query_without_anything_asks_for_the_first_page():
    assert get_paging() == Paging(1, 50, "")
    assert get_paging(3, 20, "x").offset == 40
