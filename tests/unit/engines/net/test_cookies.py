from app.engines.net.cookies import MAX_LINE, MAX_PER_HOST, MAX_SENT, ScanCookies

URL = "http://www.a.test/x"


async def test_what_was_set_goes_back_to_where_it_belongs():
    cookies = ScanCookies()
    assert (cookies.header_for(URL), cookies.version) == ("", 0)
    cookies.take(URL, ("sid=1; Path=/", "only=here; Path=/x", "wide=yes; Domain=a.test"))
    assert sorted(cookies.header_for(URL).split("; ")) == ["only=here", "sid=1", "wide=yes"]
    assert sorted(cookies.header_for("http://www.a.test/").split("; ")) == ["sid=1", "wide=yes"]
    assert cookies.header_for("http://b.a.test/") == "wide=yes"
    assert cookies.header_for("http://evil.test/") == ""


async def test_a_foreign_domain_cannot_be_set():
    cookies = ScanCookies()
    cookies.take(URL, ("sid=1; Domain=evil.test",))
    assert cookies.header_for("http://evil.test/") == ""


async def test_only_what_is_new_makes_a_new_version():
    cookies = ScanCookies()
    for _ in range(3):
        cookies.take(URL, ("sid=1",))
    assert cookies.version == 1
    cookies.take(URL, ("sid=2",))
    assert cookies.version == 2


async def test_a_server_cannot_fill_the_memory():
    cookies = ScanCookies()
    for number in range(2 * MAX_PER_HOST):
        cookies.take(URL, (f"c{number}={'x' * 100}",))
    cookies.take("http://b.a.test/", ("big=" + "x" * MAX_LINE,))
    assert len(cookies.header_for(URL)) <= MAX_SENT
    assert cookies.header_for("http://b.a.test/") == ""
