import pytest

from app.domain.tampering import (
    SCORES,
    TamperSign,
    Visitor,
    certainty,
    kind_of,
    shown_to,
    sign_of,
    visitor_of,
    without_visitor,
)


def test_a_sign_is_found_again_in_the_kind_of_its_reference():
    assert [sign_of(kind_of(sign)) for sign in TamperSign] == list(TamperSign)
    assert sign_of("a[href]") is None
    assert sign_of("own:unheard_of") is None


@pytest.mark.parametrize("visitor", Visitor)
def test_who_alone_was_shown_it_stands_in_the_kind_as_well(visitor):
    kind = kind_of(TamperSign.SHOWN_REDIRECT, visitor)
    assert (sign_of(kind), visitor_of(kind)) == (TamperSign.SHOWN_REDIRECT, visitor)
    assert visitor_of(shown_to("a[href]", visitor)) is visitor
    assert sign_of(shown_to("a[href]", visitor)) is None
    assert without_visitor(kind) == kind_of(TamperSign.SHOWN_REDIRECT)


@pytest.mark.parametrize("kind", ["a[href]", "own:title", "own:title@nobody", "a@b"])
def test_what_everybody_is_shown_names_no_visitor(kind):
    assert visitor_of(kind) is None


def test_every_sign_has_its_score():
    assert set(SCORES) == set(TamperSign)


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ([], 0.0),
        ([TamperSign.TITLE], 0.75),
        ([TamperSign.TITLE, TamperSign.TITLE], 0.75),
        ([TamperSign.TITLE, TamperSign.DESCRIPTION], 0.9),
        (list(TamperSign), 0.99),
    ],
)
def test_distinct_signs_make_it_more_certain(signs, said):
    assert certainty(signs) == said
