from app.captures.quota import UnlimitedQuota


def test_where_nobody_counts_there_is_room_for_everything():
    quota = UnlimitedQuota()
    quota.resume(1 << 60)
    assert quota.take(1 << 60)
    quota.give_back(1 << 60)
    assert quota.refusal is None
