import pytest

from app.engines.capture.loaded_request import LoadedRequest, web_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.test/x?y#z", "https://a.test/x?y"),
        ("ws://a.test/x#y", "http://a.test/x"),
        ("wss://a.test/", "https://a.test/"),
        ("http://user:word@a.test/", "http://a.test/"),
        ("javascript:alert(1)", ""),
        ("data:text/html,<p>", ""),
        ("blob:https://a.test/1", ""),
        ("about:srcdoc", ""),
        ("https://", ""),
    ],
)
def test_an_address_is_one_that_a_host_is_asked_for(url, address):
    assert web_address(url) == LoadedRequest(url, "script", ()).web_url == address
