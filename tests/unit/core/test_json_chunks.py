"""JSON documents in pieces."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.core.json_chunks import CHUNK_BYTES, encode_array, encode_list, join_small

texts = st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=3)


@given(st.lists(texts, max_size=20), st.integers(0, 2**53))
def test_a_list_in_pieces_is_the_same_document(items, total):
    assert orjson.loads(b"".join(encode_list(iter(items), total=total, truncated=False))) == {
        "items": items,
        "total": total,
        "truncated": False,
    }


def test_pieces_are_of_the_size_that_one_write_takes():
    items = [{"text": "x" * 500}] * 2_000
    pieces = list(join_small(encode_array(items)))
    assert orjson.loads(b"".join(pieces)) == items
    assert all(CHUNK_BYTES <= len(piece) < CHUNK_BYTES + 1_000 for piece in pieces[:-1])
