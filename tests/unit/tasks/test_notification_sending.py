"""HTTP for notifications: what it needs is read where the event loop does not wait for it."""

import asyncio
import os
import threading

import trustme

from app.core.config import Settings
from app.notifications.outcome import FailureCode
from app.notifications.ports import HttpRequest
from app.tasks.notification_sending import PolicedHttpSender

WAIT_S = 10


async def test_the_roots_of_tls_are_read_while_the_event_loop_goes_on(tmp_path):
    pipe, loop, went_on = tmp_path / "ca.pem", asyncio.get_running_loop(), []
    os.mkfifo(pipe)

    def write():
        answered = threading.Event()
        with pipe.open("wb") as opened:  # somebody reads it now
            loop.call_soon_threadsafe(answered.set)
            went_on.append(answered.wait(WAIT_S))
            opened.write(trustme.CA().cert_pem.bytes())

    writer = threading.Thread(target=write)
    writer.start()
    sender = PolicedHttpSender(Settings(data_dir=tmp_path, ca_file=pipe))
    answer = await sender.post(HttpRequest("http://10.0.0.1/x", b"{}"))
    await sender.close()
    writer.join()
    assert (went_on, answer.failure) == ([True], FailureCode.REFUSED_ADDRESS)
