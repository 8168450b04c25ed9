from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, kind_of
from app.engines.capture.link_sight import LinkSight
from app.engines.capture.loaded_request import LoadedRequest
from app.engines.pipeline.crawl.rendered_references import (
    MAX_INITIATOR,
    MAX_NEW,
    rendered_references,
    settled,
    source_keys,
)

PAGE = "https://corp.test/"
TAG = "https://tags.example/t.js"


def is_own(host):
    return host.endswith("corp.test")


def request(url, kind="script", *initiators):
    return LoadedRequest(url, kind, initiators or (PAGE,))


def reference(url, kind="a[href]", relation=Relation.LINK, **fields):
    return Reference(PAGE, url, url, relation, kind, **fields)


def found(requests=(), documents=(), known=()):
    return rendered_references(PAGE, known=source_keys(known), requests=requests, documents=documents, is_own=is_own)


def test_a_request_becomes_a_reference_that_says_who_made_it():
    (one,) = found([request("https://pixel.example/p.gif", "image", TAG, PAGE)])
    assert one == Reference(
        PAGE,
        "https://pixel.example/p.gif",
        "https://pixel.example/p.gif",
        Relation.EMBED,
        "loaded:image",
        loaded_by=(TAG, PAGE),
    )


def test_code_frames_and_where_the_window_is_sent_are_told_apart():
    kinds = {"script": "s", "frame": "f", "page": "p", "fetch": "x"}
    requests = [request(f"https://{name}.example/", kind) for kind, name in kinds.items()]
    assert [(one.kind, one.relation) for one in found(requests)] == [
        ("loaded:script", Relation.SCRIPT),
        ("loaded:frame", Relation.SCRIPT),
        ("loaded:page", Relation.REDIRECT),
        ("loaded:fetch", Relation.EMBED),
    ]


def test_a_socket_is_referred_to_as_its_host_and_quoted_as_it_is():
    (one,) = found([request("wss://live.example/feed", "websocket")])
    assert (one.url, one.raw) == ("https://live.example/feed", "wss://live.example/feed")


def test_what_the_source_has_loaded_already_the_site_itself_and_what_has_no_host_are_left_out():
    known = [reference(f"{TAG}#x", "script[src]", Relation.SCRIPT), reference("https://linked.example/")]
    requests = [request(TAG), request("https://www.corp.test/a.js"), request("data:text/plain,x")]
    assert found(requests, known=known) == []
    assert [one.url for one in found([request("https://linked.example/")], known=known)] == ["https://linked.example/"]


def test_the_rendered_document_adds_links_and_what_is_hidden_but_nothing_twice():
    old, new = reference("https://old.example/"), reference("https://new.example/", text="New")
    hidden = reference("https://hidden.example/", hidden="display_none")
    mention = reference("https://said.example/", "script:string", Relation.MENTION)
    documents = [[old, new, hidden, mention], [new]]
    shown = found(documents=documents, known=[old])
    assert [(one.url, one.kind, one.hidden) for one in shown] == [
        ("https://new.example/", "drawn:a[href]", None),
        ("https://hidden.example/", "drawn:a[href]", "display_none"),
    ]


def test_an_old_link_that_is_hidden_once_rendered_is_new():
    old = reference("https://old.example/")
    (one,) = found(documents=[[reference("https://old.example/", hidden="opacity")]], known=[old])
    assert one.hidden == "opacity"


def test_of_an_element_and_its_request_the_request_is_kept():
    element = reference(TAG, "script[src]", Relation.SCRIPT)
    assert [one.kind for one in found([request(TAG)], [[element]])] == ["loaded:script"]


def test_signs_of_tampering_keep_their_kind_and_frames_of_services_are_none():
    signs = [TamperSign.HIDDEN_TEXT, TamperSign.FRAME_COVERS, TamperSign.FRAME_UNSEEN]
    at = "https://corp.test/route"
    document = [Reference(at, at, "x", Relation.MENTION, kind_of(sign)) for sign in signs]
    assert [(one.page_url, one.url, one.kind) for one in found(documents=[document])] == [
        (PAGE, PAGE, kind_of(TamperSign.HIDDEN_TEXT))
    ]


def test_bounds_hold_whatever_a_page_does():
    links = [reference(f"https://h{number}.example/") for number in range(MAX_NEW + 10)]
    assert len(found(documents=[links])) == MAX_NEW
    (one,) = found([request("https://x.example/", "script", "https://y.example/" + "y" * 9_999)])
    assert [len(url) for url in one.loaded_by] == [MAX_INITIATOR]


FOREIGN = "https://casino.example/"


def seen(kind="", url=FOREIGN, *, is_sure=True):
    return LinkSight(url, kind, is_sure)


def proven(document, sights, known=()):
    found = rendered_references(
        PAGE, known=source_keys(known), requests=[], documents=[document], is_own=is_own, sights=sights
    )
    return [(one.url, one.kind, one.hidden) for one in found]


def test_a_link_that_reads_as_seen_and_is_hidden_in_the_browser_is_hidden():
    old = reference(FOREIGN, text="Casino")
    assert proven([old], [seen("display_none")], known=[old]) == [(FOREIGN, "rendered:a[href]", "display_none")]
    assert proven([old], [seen("covered")]) == [(FOREIGN, "rendered:a[href]", "covered")]


def test_a_link_that_reads_as_hidden_and_is_seen_in_the_browser_is_marked_so():
    hidden, plain = reference(FOREIGN, hidden="same_colour"), reference(FOREIGN)
    for document, known in (([hidden], [hidden]), ([hidden], []), ([plain], [hidden])):
        assert proven(document, [seen()], known=known) == [(FOREIGN, "shown:a[href]", None)]


def test_where_browser_and_reading_agree_nothing_is_added():
    hidden, plain = reference(FOREIGN, hidden="opacity_zero"), reference(FOREIGN)
    assert proven([hidden], [seen("display_none")], known=[hidden]) == []
    assert proven([plain], [seen()], known=[plain]) == []


def test_nothing_follows_from_what_the_browser_is_not_sure_of_or_from_links_that_differ():
    plain = reference(FOREIGN)
    for sights in ([seen("clipped", is_sure=False)], [seen("clipped"), seen()], [seen(), seen("clipped"), seen()], []):
        assert proven([plain], sights, known=[plain]) == []


def test_links_to_one_address_that_are_hidden_in_two_ways_are_hidden_in_the_first():
    assert settled([seen("off_screen"), seen("zero_font")]) == {FOREIGN: "off_screen"}


def test_only_links_of_the_page_itself_are_compared():
    frame = reference(FOREIGN, "iframe[src]", Relation.SCRIPT)
    plain = reference(FOREIGN)
    assert proven([frame], [seen("display_none")], known=[frame]) == []
    inner = rendered_references(
        PAGE, known=source_keys([plain]), requests=[], documents=[[], [plain]], is_own=is_own, sights=[seen("clipped")]
    )
    assert inner == []
