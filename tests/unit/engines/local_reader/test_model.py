"""A learnt model: what it says of pages, and every way in which its bytes may be wrong."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.local_reading import MAX_MODEL_BYTES, ModelFault, StoredModel
from app.domain.violations import ViolationKey
from app.engines.local_reader.model import FORMAT, MAX_GRAMS, LocalOpinion, UnusableModel, read_model
from tests.support.local_reader import PLAIN, TRADE, hand_made, model_data, stored

MODEL = hand_made(version=7)


def test_it_says_how_probable_a_violation_is_which_and_why():
    opinion = MODEL.read("首页", TRADE)
    assert (opinion.version, opinion.key, opinion.terms) == (7, ViolationKey.GAMBLING, ("娱乐城",))
    assert (opinion.violation, opinion.raises, opinion.clears) == (1.0, True, False)
    assert "娱乐城" in opinion.quote


def test_it_clears_what_looks_like_dismissed_pages():
    opinion = MODEL.read("首页", f"{PLAIN} 本公司成立于二零零一年")
    assert (opinion.violation, opinion.key, opinion.raises, opinion.clears) == (0.0, None, False, True)
    assert opinion.terms == ("水泵",)


def test_a_class_of_which_there_was_too_little_is_never_named():
    opinion = hand_made(classes=()).read("首页", TRADE)
    assert (opinion.violation, opinion.key, opinion.raises) == (1.0, None, False)


@pytest.mark.parametrize("text", ["", " ", "娱乐城", "\u200b" * 5_000, "an entirely unknown language of nothing known"])
def test_of_a_page_that_says_nothing_it_says_nothing(text):
    assert MODEL.read("", text) is None


@given(st.text(max_size=300))
def test_no_page_breaks_it(text):
    opinion = MODEL.read(text, f"{text}{TRADE}{text}" * 3)
    assert opinion is None or 0 <= opinion.violation <= 1


def test_a_very_long_page_is_read_as_far_as_its_beginning():
    assert MODEL.read("", f"{TRADE}{'水泵' * 1_000_000}").quote == MODEL.read("", f"{TRADE}{'水泵' * 1_000}").quote


def test_an_opinion_survives_its_way_to_another_process():
    opinion = MODEL.read("首页", TRADE)
    assert LocalOpinion.from_json(orjson.loads(orjson.dumps(opinion.to_json()))) == opinion
    with pytest.raises(ValueError, match="innocent"):
        LocalOpinion.from_json([1, 0.5, "innocent", "", []])


# Bytes that are wrong


def fault_of(model):
    with pytest.raises(UnusableModel) as caught:
        read_model(model)
    return caught.value.fault


def changed(**values):
    return stored(orjson.dumps({**orjson.loads(model_data()), **values}))


def test_what_was_written_can_be_read():
    assert read_model(stored(model_data())).read("", TRADE) is not None


def test_bytes_that_are_not_those_that_were_stored_are_refused():
    data = model_data()
    good = stored(data)
    assert fault_of(StoredModel(1, data[:-1] + b" ", good.sha256)) is ModelFault.CHECKSUM
    assert fault_of(StoredModel(1, data[: len(data) // 2], good.sha256)) is ModelFault.CHECKSUM
    assert fault_of(StoredModel(1, data, "0" * 64)) is ModelFault.CHECKSUM


def test_what_is_cut_off_is_refused_also_when_its_checksum_fits():
    data = model_data()
    assert {fault_of(stored(data[:end])) for end in range(len(data))} == {ModelFault.MALFORMED}


def test_a_format_of_tomorrow_says_that_the_program_is_too_old():
    assert fault_of(changed(format=FORMAT + 1)) is ModelFault.NEWER_FORMAT
    assert fault_of(changed(format=FORMAT + 1, heads="of another shape")) is ModelFault.NEWER_FORMAT


@pytest.mark.parametrize("number", [0, -1, "1", None, 1.5, True, []])
def test_a_format_that_there_never_was_is_refused(number):
    assert fault_of(changed(format=number)) is ModelFault.UNKNOWN_FORMAT


def test_what_is_larger_than_any_model_is_not_even_read():
    data = b" " * MAX_MODEL_BYTES + model_data()
    assert fault_of(stored(data)) is ModelFault.TOO_LARGE


HEAD = {"bias": 0.0, "slope": 1.0, "offset": 0.0, "weights": [1.0, 1.0]}


@pytest.mark.parametrize(
    "values",
    [
        {"grams": []},
        {"grams": None},
        {"grams": {"水泵": 0, "娱乐": 1}},
        {"grams": ["水泵", "水泵"]},
        {"grams": ["水泵", "五个字太长"]},
        {"grams": ["水泵", ""]},
        {"grams": [1, 2]},
        {"grams": [str(number) for number in range(MAX_GRAMS + 1)]},
        {"rarity": [1.0]},
        {"rarity": [1.0, 0.0]},
        {"rarity": [1.0, "1"]},
        {"heads": {}},
        {"heads": []},
        {"heads": {"gambling": HEAD}},
        {"heads": {"violation": HEAD, "takeover": HEAD}},
        {"heads": {"violation": HEAD, "no such class": HEAD}},
        {"heads": {"violation": {**HEAD, "weights": [1.0]}}},
        {"heads": {"violation": {**HEAD, "weights": [1.0, 1e9]}}},
        {"heads": {"violation": {**HEAD, "slope": -1.0}}},
        {"heads": {"violation": {**HEAD, "slope": 0}}},
        {"heads": {"violation": {**HEAD, "bias": True}}},
        {"heads": {"violation": {name: HEAD[name] for name in ("bias", "slope", "weights")}}},
    ],
)
def test_values_that_no_model_has_are_refused(values):
    assert fault_of(changed(**values)) is ModelFault.MALFORMED


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"format"', b"{}", b"\x80\x04\x95", b'{"format":1}'])
def test_what_is_no_model_at_all_is_refused(data):
    assert fault_of(stored(data)) is ModelFault.MALFORMED


def test_numbers_that_are_none_have_no_way_in():
    data = model_data().replace(b"40.0", b"NaN")
    assert b"NaN" in data
    assert fault_of(stored(data)) is ModelFault.MALFORMED
    assert not math.isnan(MODEL.read("", TRADE).violation)
