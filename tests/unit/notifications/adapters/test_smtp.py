"""A real conversation with a mail server: STARTTLS, sign-in, refusals, and servers that are no good."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest
import trustme

from app.notifications.adapters.smtp import MailServer, SmtpSender
from app.notifications.outcome import Failed, FailureCode, Sent
from tests.support.receivers import MailReceiver


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@asynccontextmanager
async def mail_server(authority, name: str = "127.0.0.1", **options) -> AsyncIterator[MailReceiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server = MailReceiver(context, **options)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def mail():
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = "s@corp.example", "li@corp.example", "预警"
    written.set_content("line\n.\nend")
    return written


async def send(server, ca_file, url="smtp://mei:pass%40word@127.0.0.1:{}"):
    sender = SmtpSender(MailServer.parse(url.format(server.port), ca_file=ca_file))
    try:
        return await sender.send(mail())
    finally:
        sender.close()


async def test_a_mail_goes_over_starttls_with_a_sign_in(authority, ca_file):
    async with mail_server(authority) as server:
        assert await send(server, ca_file) == Sent()
        (taken,) = server.mails
    assert server.logins == [("mei", "pass@word")]
    assert (taken["Subject"], taken["To"]) == ("预警", "li@corp.example")
    assert taken.get_content().splitlines() == ["line", ".", "end"]


async def test_a_server_without_starttls_gets_no_mail_and_no_password(authority, ca_file):
    async with mail_server(authority, starttls=False) as server:
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, server.mails, server.logins) == (FailureCode.MAIL_UNREACHABLE, [], [])


async def test_a_certificate_of_another_name_is_refused(authority, ca_file):
    async with mail_server(authority, name="other.example") as server:
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, server.logins) == (FailureCode.TLS, [])


@pytest.mark.parametrize(("said", "is_final"), [("450 later", False), ("550 no such user", True)])
async def test_a_refusal_is_for_good_or_not_as_the_server_says(authority, ca_file, said, is_final):
    async with mail_server(authority) as server:
        server.refusals.append(said)
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.is_final) == (FailureCode.MAIL_REFUSED, is_final)
    assert f"{failed.params['code']} {failed.params['answer']}" == said


@pytest.mark.parametrize(
    ("verb", "said"),
    [("AUTH", "535 5.7.8 wrong password"), ("", "554 no service for you"), ("EHLO", "550 who"), ("STARTTLS", "554 no")],
)
async def test_what_the_server_refuses_the_deployment_is_tried_again(authority, ca_file, verb, said):
    async with mail_server(authority) as server:
        server.answers = {verb: said, "HELO": "550 who"}
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.is_final) == (FailureCode.MAIL_UNREACHABLE, False)
    assert said in failed.params["detail"] or verb == "EHLO"


async def test_what_the_server_says_of_the_mail_itself_is_final(authority, ca_file):
    async with mail_server(authority) as server:
        server.answers = {"DATA": "554 spam"}
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.is_final) == (FailureCode.MAIL_REFUSED, True)


@pytest.mark.parametrize("said", ["530 authentication required", "550 sender not verified"])
async def test_mails_wait_for_a_server_that_does_not_accept_the_sender(authority, ca_file, said):
    async with mail_server(authority) as server:
        server.answers = {"MAIL": said}
        failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.is_final) == (FailureCode.MAIL_UNREACHABLE, False)
    assert said in failed.params["detail"]


@pytest.mark.parametrize("said", [None, "500 what"])
async def test_a_mail_that_was_taken_is_sent_whatever_the_answer_to_quit(authority, ca_file, said):
    async with mail_server(authority) as server:
        server.answers = {"QUIT": said}
        assert await send(server, ca_file) == Sent()
    assert len(server.mails) == 1


async def test_the_roots_are_read_once(authority, ca_file):
    async with mail_server(authority) as server:
        sender = SmtpSender(MailServer.parse(f"smtp://127.0.0.1:{server.port}", ca_file=ca_file))
        contexts = set()
        for _ in range(2):
            assert await sender.send(mail()) == Sent()
            contexts.add(id(sender._context))
        sender.close()
    assert (len(contexts), len(server.mails)) == (1, 2)


async def test_a_server_that_is_away_is_said(authority, ca_file):
    async with mail_server(authority) as server:
        pass
    await asyncio.sleep(0)
    failed = await send(server, ca_file)
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.MAIL_UNREACHABLE


async def test_a_relay_on_this_machine_needs_no_tls(authority):
    async with mail_server(authority) as server:
        assert await send(server, None, "smtp+plain://127.0.0.1:{}") == Sent()
    assert len(server.mails) == 1
