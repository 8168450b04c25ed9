"""A time stamp is one of our data, for our request, by our authority; what is anything else is none."""

from hashlib import sha256

import pytest

from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp
from app.reports.time_stamping import time_stamp, verify_kept
from tests.support.logs import captured_log, records
from tests.support.time_stamp_authority import (
    NAME,
    SEQUENCE,
    STAMPED_AT,
    Chain,
    Query,
    der,
    granted,
    number,
    rejection,
    stamping,
    tst_info,
)

DATA = b'{"files": []}'
CHAIN = Chain()
OTHER = Chain()  # of the same names: only its keys are different


def asking(behave):
    return lambda request: behave(Query.parse(request))


def refused(behave, roots=(CHAIN.root,)):
    with pytest.raises(NoTimeStamp) as found:
        time_stamp(DATA, ask=asking(behave), roots=list(roots))
    return found.value.reason


def test_the_sha256_is_sent_with_a_nonce_and_the_stamp_says_when_and_by_whom():
    asked, answers = [], []

    def behave(query):
        asked.append(query)
        answers.append(stamping(CHAIN)(query))
        return answers[-1]

    made = time_stamp(DATA, ask=asking(behave), roots=[CHAIN.root])
    assert (made.time, made.authority, made.is_trusted) == (STAMPED_AT, f"CN={NAME}", True)
    assert made.response == answers[0]
    time_stamp(DATA, ask=asking(behave), roots=[CHAIN.root])
    assert {query.imprint for query in asked} == {sha256(DATA).digest()}
    assert len({query.nonce for query in asked}) == len(asked)
    assert all(query.wants_certificate for query in asked)


def test_without_roots_the_signature_is_not_checked_and_the_stamp_says_so():
    made = time_stamp(DATA, ask=asking(stamping(OTHER)), roots=[])
    assert (made.time, made.is_trusted) == (STAMPED_AT, False)


def test_a_stamp_of_other_data_is_none():
    digest = sha256(b"other").digest()
    for roots in ([CHAIN.root], []):
        reason = refused(lambda query: granted(CHAIN.token(tst_info(digest, query.nonce))), roots)
        assert reason is NoStampReason.OTHER_DATA


@pytest.mark.parametrize("nonce", [None, 7])
def test_the_answer_to_another_request_is_none(nonce):
    for roots in ([CHAIN.root], []):
        reason = refused(lambda query: granted(CHAIN.token(tst_info(query.imprint, nonce))), roots)
        assert reason is NoStampReason.OTHER_REQUEST


def test_a_rejection_is_told_with_the_words_of_the_authority_in_the_log_alone():
    with pytest.raises(NoTimeStamp) as found:
        time_stamp(DATA, ask=asking(lambda _: rejection("no\nquota")), roots=[CHAIN.root])
    assert found.value.reason is NoStampReason.REJECTED
    assert found.value.values == {"status": 2}
    assert found.value.cause == "no quota"


@pytest.mark.parametrize("status", [1, 2, 77])
def test_a_token_that_was_not_granted_as_it_was_asked_for_is_none(status):
    def behave(query):
        return granted(CHAIN.token(tst_info(query.imprint, query.nonce)), status)

    assert refused(behave) is NoStampReason.REJECTED


def test_the_signature_of_another_authority_is_refused():
    assert refused(stamping(OTHER)) is NoStampReason.UNTRUSTED


def test_a_root_that_comes_with_the_answer_is_not_trusted():
    def with_root(query):
        return granted(OTHER.token(tst_info(query.imprint, query.nonce), OTHER.root))

    assert time_stamp(DATA, ask=asking(with_root), roots=[OTHER.root]).is_trusted
    assert refused(with_root) is NoStampReason.UNTRUSTED


def test_a_signature_over_something_else_is_refused():
    def forged(query):
        mine, wanted = (tst_info(imprint, query.nonce) for imprint in (sha256(b"other").digest(), query.imprint))
        return granted(CHAIN.token(mine).replace(mine, wanted))

    assert refused(forged) is NoStampReason.UNTRUSTED


def test_a_kept_stamp_is_verified_anew_without_its_request():
    made = time_stamp(DATA, ask=asking(stamping(CHAIN)), roots=[CHAIN.root])
    assert verify_kept(made.response, DATA, roots=[CHAIN.root]) == made
    assert not verify_kept(made.response, DATA, roots=[]).is_trusted
    for data, roots, reason in (
        (b"other", [CHAIN.root], NoStampReason.OTHER_DATA),
        (DATA, [OTHER.root], NoStampReason.UNTRUSTED),
    ):
        with pytest.raises(NoTimeStamp) as found:
            verify_kept(made.response, data, roots=roots)
        assert found.value.reason is reason
    with pytest.raises(NoTimeStamp):
        verify_kept(made.response[:-90], DATA, roots=[])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        der(SEQUENCE, der(SEQUENCE, number(0))),
        granted(der(SEQUENCE, number(1))),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" * 2_000,
    ],
)
def test_what_is_no_answer_of_the_protocol_is_none(answer):
    for roots in ([CHAIN.root], []):
        assert refused(lambda _: answer, roots) is NoStampReason.UNREADABLE


def test_an_answer_cut_off_anywhere_is_none():
    whole = {}

    def behave(query):
        whole["answer"] = stamping(CHAIN)(query)
        return whole["answer"][: whole["at"]]

    whole["at"] = None
    assert time_stamp(DATA, ask=asking(behave), roots=[]).time == STAMPED_AT
    for at in range(0, len(whole["answer"]) - 80, 23):
        whole["at"] = at
        assert refused(behave) is NoStampReason.UNREADABLE


def test_an_answer_without_the_certificate_that_was_asked_for_is_none():
    def behave(query):
        return granted(CHAIN.token(tst_info(query.imprint, query.nonce), embeds_own=False))

    assert refused(behave, roots=[]) is NoStampReason.UNREADABLE


def test_whatever_an_answer_does_to_the_parsers_there_is_no_stamp_and_the_log_has_why():
    with captured_log() as log:
        assert refused(lambda _: None) is NoStampReason.UNREADABLE  # a TypeError stands for all of them
    assert [record["event"] for record in records(log)] == ["time_stamp_unreadable"]
