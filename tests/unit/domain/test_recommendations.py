"""What is to be done, in the order of doing it."""

import pytest

from app.domain.authorship import Author, Authorship, AuthorSign
from app.domain.recommendations import Advice, Situation, advise
from app.domain.risk import Embedding, Exposure, Place
from app.domain.third_parties import Outcome
from app.domain.violations import ViolationKey

POST, FORUM = (Authorship(Author.USER, sign) for sign in (AuthorSign.REL_UGC, AuthorSign.FORUM_HOST))


def steps(key="gambling", embedding=Embedding.LINK, place=Place.DEEP, *, hidden=None, post=None, **more):
    more_exposure = {"authorship": post} if post else {}
    return advise(Situation(ViolationKey(key), Exposure(embedding, place, hidden, **more_exposure), **more))


@pytest.mark.parametrize(
    ("found", "repair"),
    [
        (steps(hidden="display_none"), Advice.CLEAN_HACKED_PAGE),
        (steps(post=POST), Advice.REMOVE_USER_POST),
        (steps(post=POST, hidden="zero_font"), Advice.REMOVE_USER_POST),
        (steps(post=FORUM), Advice.REMOVE_USER_POST),
        (steps(embedding=Embedding.OWN_CONTENT, post=FORUM), Advice.REMOVE_USER_POST),
        (steps(embedding=Embedding.RESOURCE, post=FORUM), Advice.REMOVE_USER_POST),
        (steps(hidden="off_screen", post=FORUM), Advice.CLEAN_HACKED_PAGE),
        (steps(embedding=Embedding.CODE, post=FORUM), Advice.REMOVE_CODE),
        (steps(embedding=Embedding.OWN_REDIRECT, post=FORUM), Advice.FIX_REDIRECT),
        (steps(embedding=Embedding.OWN_CONTENT), Advice.CLEAN_HACKED_PAGE),
        (steps(embedding=Embedding.CODE), Advice.REMOVE_CODE),
        (steps(embedding=Embedding.OWN_REDIRECT), Advice.FIX_REDIRECT),
        (steps(embedding=Embedding.PARTNER_REDIRECT), Advice.END_PARTNERSHIP),
        (steps(), Advice.REMOVE_LINK),
    ],
)
def test_each_kind_has_its_repair(found, repair):
    assert found == (Advice.KEEP_EVIDENCE, repair, Advice.SCAN_AGAIN)


def test_what_harms_visitors_is_stopped_first_and_told_to_them():
    assert steps("malware") == (
        Advice.BLOCK_AT_ONCE,
        Advice.KEEP_EVIDENCE,
        Advice.REMOVE_LINK,
        Advice.WARN_VISITORS,
        Advice.SCAN_AGAIN,
    )


def test_what_is_uncertain_is_looked_at_before_anything_is_changed():
    assert steps(needs_review=True)[0] is Advice.CONFIRM_FIRST


def test_what_stands_everywhere_stands_in_a_template():
    assert Advice.FIX_TEMPLATE in steps(place=Place.WHOLE_SITE)


@pytest.mark.parametrize(
    "found",
    [
        steps("takeover", rule="takeover.unregistered", outcome=Outcome.GONE),
        steps("takeover", rule="takeover.expiring"),
        steps("gambling", outcome=Outcome.GONE),
    ],
)
def test_a_domain_that_is_gone_or_ends_is_renewed_or_dropped(found):
    assert Advice.RENEW_OR_DROP_DOMAIN in found
    assert Advice.FIX_DANGLING_NAME not in found


@pytest.mark.parametrize("outcome", [Outcome.EXAMINED, Outcome.GONE])
def test_a_name_that_was_left_at_a_service_is_repaired_by_its_owner(outcome):
    found = steps("takeover", rule="takeover.answer:aws_s3", outcome=outcome)
    assert found == (Advice.KEEP_EVIDENCE, Advice.REMOVE_LINK, Advice.FIX_DANGLING_NAME, Advice.SCAN_AGAIN)


def test_a_domain_that_has_changed_hands_is_not_referred_to_any_more():
    found = steps("takeover", rule="takeover.reregistered")
    assert found == (Advice.KEEP_EVIDENCE, Advice.REMOVE_LINK, Advice.SCAN_AGAIN)


def test_for_the_sites_own_name_that_is_the_repair():
    found = steps("takeover", embedding=Embedding.OWN_CONTENT, rule="takeover.gone:azure_app")
    assert found == (Advice.KEEP_EVIDENCE, Advice.FIX_DANGLING_NAME, Advice.SCAN_AGAIN)
