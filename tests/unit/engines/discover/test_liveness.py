from app.engines.discover.liveness import LivenessProber, fingerprint
from app.engines.model import FetchResult, Hop, HopKind


async def test_both_schemes_are_asked_and_kept_apart(web):
    web.serve("http://www.a.test/", "x")
    found = await LivenessProber(web).probe("www.a.test")
    assert found.http is not None
    assert found.https is None
    assert sorted(web.asked) == ["http://www.a.test/", "https://www.a.test/"]


async def test_an_error_page_is_an_answer_too(web):
    web.serve("https://www.a.test/", "broken", status=503)
    assert (await LivenessProber(web).probe("www.a.test")).https.status == 503


def test_pages_that_differ_in_the_host_name_alone_look_the_same():
    first = FetchResult("", "", 200, body=b"<title>Hello X1.a.test</title> x1.a.test")
    second = FetchResult("", "", 200, body=b"<TITLE >Hello x2.A.test</title> X2.a.test")
    assert fingerprint(first, "x1.a.test").title == fingerprint(second, "x2.a.test").title
    third = FetchResult("", "", 200, body=b"<title>Hello x3.a.test</title> x3.a.test")
    assert fingerprint(first, "x1.a.test") == fingerprint(third, "x3.a.test")


def test_the_target_of_a_redirect_is_part_of_the_look():
    hop = Hop("http://x1.a.test/", 302, "", HopKind.HTTP, "https://x1.a.test/login")
    assert fingerprint(FetchResult("", "", 302, hops=(hop,)), "x1.a.test").location == "https://*/login"
