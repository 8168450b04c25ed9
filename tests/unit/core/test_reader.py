"""For whom a read is: for the request's user where the request itself waits for it, and else for nobody."""

import asyncio

from app.core.reader import READER, Reader, current_reader, note_reader


async def test_a_request_reads_for_its_user_once_that_is_known():
    token = READER.set(Reader(lambda: False))
    assert current_reader() is None
    note_reader("mei")
    assert (current_reader().user_id, current_reader().is_gone) == ("mei", False)
    READER.reset(token)
    assert current_reader() is None


async def test_what_a_request_has_begun_beside_itself_is_for_others_too():
    token = READER.set(Reader(lambda: True))
    note_reader("mei")

    async def shared():
        note_reader("li")
        return current_reader()

    assert await asyncio.create_task(shared()) is None
    assert current_reader().user_id == "mei"
    READER.reset(token)


async def test_elsewhere_nobody_is_noted():
    note_reader("mei")
    assert current_reader() is None
