"""The real-time contract, judged by AsyncAPI's official parser. Needs npm: fails without it, never skips."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.ids import new_id
from app.events.types import EVENT_BODIES
from app.websocket.asyncapi.document import ADDRESS, STREAM_ADDRESS, build_document
from app.websocket.messages.commands import COMMANDS
from app.websocket.messages.frames import CONTROL_FRAMES

HERE = Path(__file__).parent / "asyncapi"
TIMEOUT_S = 300
WARNING = 1  # severities up to here matter
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    """A folder with the parser, as its lock says."""
    folder = tmp_path_factory.mktemp("asyncapi") / "parser"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def judge(parser, document):
    path = parser / f"{new_id()}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    command = ["node", "validate.mjs", path.name]
    done = subprocess.run(command, cwd=parser, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_official_parser_finds_nothing_wrong(parser):
    said = judge(parser, build_document("1.2.3"))
    assert [problem for problem in said["problems"] if problem["severity"] <= WARNING] == []
    understood = said["understood"]
    assert understood["version"] == "3.0.0"
    assert sorted(understood["channels"]) == sorted([ADDRESS, STREAM_ADDRESS])
    assert understood["messages"] >= len(EVENT_BODIES) + len(CONTROL_FRAMES) + len(COMMANDS)


@pytest.mark.parametrize("how", ["schema", "reference", "field"])
def test_it_would_notice(parser, how):
    """The parser really looks: each of these breaks the document in one place."""
    document = json.loads(json.dumps(build_document("1.2.3")))
    match how:
        case "schema":
            document["components"]["schemas"]["Pong"]["type"] = "thing"
        case "reference":
            document["operations"]["follow"]["messages"][0]["$ref"] = "#/channels/monitor/messages/unheard_of"
        case "field":
            document["channels"]["monitor"]["adress"] = "typing error"
    assert [problem for problem in judge(parser, document)["problems"] if problem["severity"] == 0]
