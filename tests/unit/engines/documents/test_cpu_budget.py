from app.engines.documents.cpu_budget import CpuBudget


def test_the_budget_is_spent_when_so_much_time_was_used():
    now = [10.0]
    budget = CpuBudget(2, clock=lambda: now[0])
    assert not budget.is_spent
    now[0] = 11.9
    assert not budget.is_spent
    now[0] = 12.0
    assert budget.is_spent
