from app.configuration.queries import local_readers


def values(clock, **more):
    return {"made_at": clock.now(), "data": b"\x00\xff{}", "sha256": "0" * 64, "report": {}, **more}


def test_bytes_come_back_as_they_were_and_a_list_does_not_read_them(run, clock):
    assert run(local_readers.add, values(clock)) == 1
    assert run(local_readers.find, 1).data == b"\x00\xff{}"
    (row,) = run(local_readers.list_all)
    assert not hasattr(row, "data")
    assert run(local_readers.find, 2) is None


def test_the_time_of_the_first_look_at_a_report_stays(run, clock):
    run(local_readers.add, values(clock))
    first = clock.now()
    run(local_readers.note_reported, 1, first)
    run(local_readers.note_reported, 1, first.replace(year=first.year + 1))
    assert run(local_readers.find, 1).reported_at == first


def test_one_version_is_switched_on(run, clock):
    for _ in range(2):
        run(local_readers.add, values(clock))
    assert run(local_readers.find_enabled) is None
    run(local_readers.enable, 1, clock.now())
    run(local_readers.enable, 2, clock.now())
    assert [(row.version, row.enabled_at is not None) for row in run(local_readers.list_all)] == [(2, True), (1, False)]
    run(local_readers.disable)
    assert run(local_readers.find_enabled) is None
