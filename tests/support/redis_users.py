"""A real Redis with the users that the samples of `deploy/` name."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

import redis

from tests.docs.markdown import read
from tests.docs.test_deploy import services_of
from tests.support.cluster import wait_until
from tests.support.ports import free_port

USERS_FILE = "deploy/redis/users.acl"
SOURCES = (USERS_FILE, "deploy/docker/compose.yaml")
PASSWORD = "letters"  # of the program's user
BROWSER_PASSWORD = "other-letters"  # of browser workers
_PLACEHOLDERS = {
    "${REDIS_BROWSER_PASSWORD:?}": BROWSER_PASSWORD,
    "BROWSER_PASSWORD": BROWSER_PASSWORD,
    "${REDIS_PASSWORD:?}": PASSWORD,
    "PASSWORD": PASSWORD,
}


def rights_of(source: str) -> list[str]:
    """What `redis-server` is started with, for users as the file has them."""
    if source.endswith(".acl"):
        lines = (line.split() for line in read(source).splitlines())
        words = [word for _, *rest in lines for word in ("--user", *rest)]
    else:
        command = services_of(source)["redis"]["command"]
        words = command[command.index("--user") :]
    return [_filled_in(word) for word in words]


def _filled_in(word: str) -> str:
    return f">{_PLACEHOLDERS[word[1:]]}" if word.startswith(">") else word


class RedisWithUsers:
    """`watcher`, without a password, may do everything, and see what others were refused."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, username: str, password: str) -> str:
        return f"redis://{username}:{password}@127.0.0.1:{self.port}/0"

    def client(self, username: str = "watcher", password: str = "any") -> "redis.Redis[bytes]":
        return redis.Redis(port=self.port, username=username, password=password)

    def is_there(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextlib.contextmanager
def redis_with_users(source: str) -> Iterator[RedisWithUsers]:
    program = shutil.which("redis-server")
    assert program is not None, "redis-server is missing; on Debian: apt-get install redis-server"
    server = RedisWithUsers(free_port())
    with tempfile.TemporaryDirectory(prefix="compliance-redis-") as folder:
        words = ["--port", str(server.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, *rights_of(source)]
        words += ["--user", "watcher", "on", "nopass", "~*", "&*", "+@all"]
        with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as process:
            try:
                wait_until(server.is_there)
                yield server
            finally:
                process.kill()
