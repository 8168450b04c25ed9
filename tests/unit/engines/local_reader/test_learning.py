"""Learning from decisions: when there is too little, and that no domain stands on both sides."""

from dataclasses import replace

import pytest

from app.domain.local_reading import DecidedPage, NotLearnt
from app.domain.violations import ViolationKey
from app.engines.local_reader.learning import LEAST_PAGES, TooLittle, learn_model
from app.engines.local_reader.model import read_model
from tests.support.local_reader import PLAIN, TRADE, decided_pages, stored


def refusal(pages):
    with pytest.raises(TooLittle) as caught:
        learn_model(pages, program="0")
    return caught.value


@pytest.mark.parametrize(("violating", "clean"), [(LEAST_PAGES - 1, LEAST_PAGES), (LEAST_PAGES, LEAST_PAGES - 1)])
def test_too_few_pages_are_refused(violating, clean):
    error = refusal(decided_pages(violating, clean))
    assert (error.reason, error.violating, error.clean) == (NotLearnt.FEW_PAGES, violating, clean)


@pytest.mark.parametrize(("violating", "clean"), [(60, 0), (0, 60), (0, 0)])
def test_decisions_of_one_kind_alone_are_refused(violating, clean):
    assert refusal(decided_pages(violating, clean)).reason is NotLearnt.FEW_PAGES


@pytest.mark.parametrize("domains", [1, 9])
def test_pages_of_one_domain_or_of_a_few_are_refused(domains):
    error = refusal(decided_pages(domains=domains))
    assert (error.reason, error.violating, error.clean) == (NotLearnt.FEW_DOMAINS, domains, domains)


def test_pages_without_text_do_not_count():
    pages = [replace(page, title="", text="") for page in decided_pages(60, 0)]
    assert refusal([*pages, *decided_pages(0, 60)]).reason is NotLearnt.FEW_PAGES


def test_facts_are_no_violation_that_words_could_tell():
    pages = decided_pages(cause=ViolationKey.TAKEOVER)
    assert refusal(pages).reason is NotLearnt.FEW_PAGES


def test_pages_that_nothing_tells_apart_are_refused():
    """Every page of one side has its like on the other."""
    pages = [replace(page, title="", text=PLAIN * 3) for page in decided_pages()]
    assert refusal(pages).reason is NotLearnt.NO_PATTERN


def test_what_it_has_learnt_reads_pages_that_it_has_not_seen():
    learnt = learn_model(decided_pages(), program="9.9")
    model = read_model(stored(learnt.data))
    bad, good = model.read("新的一页", f"{TRADE} 最新优惠"), model.read("新的一页", f"{PLAIN} 欢迎来电咨询")
    assert (bad.violation > 0.8, good.violation < 0.2) == (True, True)
    assert bad.key in (None, ViolationKey.GAMBLING)


def test_the_report_says_what_it_was_learnt_from_and_how_good_it_is():
    report = learn_model(decided_pages(), program="9.9").report
    assert report["about"].startswith("9.9, scikit-learn ")
    assert (report["violating"], report["clean"], report["domains"]) == (30, 30, 60)
    assert set(report["heads"]) == {"violation", "gambling"}
    head = report["heads"]["violation"]
    assert (head["pages"], head["precision"], head["recall"]) == (30, 1.0, 1.0)
    assert sum(one["pages"] for one in head["bins"]) == 60


def test_a_class_of_which_there_is_little_has_no_head():
    pages = [
        replace(page, cause="adult") if page.cause and number < 10 else page
        for number, page in enumerate(decided_pages(violating=45))
    ]
    assert set(learn_model(pages, program="0").report["heads"]) == {"violation", "gambling"}


def precision_of(pages):
    """Return how often it was right about pages that were held back; 0: it saw no pattern."""
    try:
        return learn_model(pages, program="0").report["heads"]["violation"]["precision"] or 0
    except TooLittle:
        return 0


def test_a_domain_never_stands_on_both_sides():
    """Each domain has a word of its own, and nothing else tells its pages from others: who sees a page of it knows all
    others of it, and who sees none knows nothing.
    """
    pages = []
    for number in range(60):
        word = "".join(chr(0x4E00 + 3 * number + place) for place in range(3))
        pages += [DecidedPage(f"{number}.example", "", word * 8, "gambling" if number % 2 else "")] * 4
    assert precision_of(pages) < 0.8
    alone = [replace(page, domain=f"{number}.{page.domain}") for number, page in enumerate(pages)]
    assert precision_of(alone) > 0.9


def test_learning_twice_gives_the_same_model():
    pages = decided_pages()
    assert learn_model(pages, program="0").data == learn_model(pages, program="0").data
