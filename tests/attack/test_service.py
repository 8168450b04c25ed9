"""The server that is attacked answers as any other: else nothing that it withstands would say anything."""

from tests.support.service import read_answer


def test_it_answers_signs_in_and_logs_to_a_file(service):
    assert service.is_healthy()
    assert service.http.get("/api/v1/auth/me", headers=service.sign_in()).json()["username"] == "admin"
    assert service.http.get("/api/v1/auth/me", headers=service.add_user()).json()["username"] == "mei"
    assert "serving" in service.log()


def test_one_can_talk_to_it_byte_by_byte(service):
    link = service.connect(source="127.0.0.9")
    for _ in range(2):
        link.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_answer(link).startswith(b"HTTP/1.1 200 ")
    link.close()
    assert service.say(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_it_takes_settings_and_ends_in_order(run_service):
    with run_service(language="en", http_keep_alive_s=1) as service:
        assert service.is_healthy()
    assert service.process.returncode == 0
