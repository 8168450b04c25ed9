"""A list, made into the file that a scan looks into."""

import pytest

from app.domain.reputation_lists import ListDefinition
from app.engines.lists.list_file import ListFile
from app.engines.lists.names import Judge, NameReader
from app.engines.lists.update import ListCompiler

NAMES = NameReader()
JUDGE = Judge(services=("jsdelivr.net", "google-analytics.com", "baidu.com", "github.com"))


@pytest.fixture
def compile_list(tmp_path):
    """Returns what became of the list, and the file that a scan looks into."""

    def make(content, *, judge=JUDGE, names=NAMES, max_entries=2_000_000, **said):
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        definition = ListDefinition("test", "https://lists.example/list.txt", **said)
        compiler = ListCompiler(names=names, judge=judge, max_entries=max_entries)
        result = compiler.compile(source, target, definition)
        return result, ListFile(target)

    return make
