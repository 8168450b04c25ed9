from app.engines.extract.xml import MAX_PLACES, find_addresses, find_markup, find_sheets


def test_elements_whose_text_is_an_address_are_found_with_their_name():
    feed = (
        "<rss><link> https://a.test/?x=1&amp;y=2 </link><dc:URL><![CDATA[https://b.test/]]></dc:URL>"
        "<title>https://c.test/</title><guid isPermaLink='false'>no address</guid>"
    )
    assert list(find_addresses(feed)) == [("https://a.test/?x=1&y=2", "link"), ("https://b.test/", "dc:url")]


def test_sheets_are_named_before_the_root():
    assert list(find_sheets("<?xml-stylesheet type='text/xsl' href=\"/x.xsl?a&amp;b\"?><rss>")) == ["/x.xsl?a&b"]


def test_markup_that_stands_escaped_in_a_feeds_texts_is_undone():
    feed = "<description>&lt;a href='//b.test/'&gt;</description><summary>only words</summary>"
    assert list(find_markup(feed)) == ["<a href='//b.test/'>"]


def test_a_feed_without_end_is_bounded():
    assert len(list(find_addresses("<link>https://a.test/" * (MAX_PLACES + 10)))) == MAX_PLACES
