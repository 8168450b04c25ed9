from app.engines.extract.page_budget import PageBudget


def test_describing_ends_first_then_reading_then_judging():
    now = [10.0]
    budget = PageBudget(1, 2, 3, clock=lambda: now[0])
    seen = []
    for now[0] in (10.9, 11.0, 12.0, 13.0):
        seen.append((budget.describes, budget.reads, budget.judges))
    assert seen == [(True, True, True), (False, True, True), (False, False, True), (False, False, False)]


def test_an_endless_one_is_never_spent():
    budget = PageBudget.endless()
    assert budget.describes
    assert budget.reads
    assert budget.judges
