"""Parsing without processes: the same jobs, the same JSON, in the test's own process."""

import orjson

from app.engines.parsing.jobs import Jobs
from app.engines.parsing.page_parser import PageParser


class InProcess:
    """Stands for a `ParserPool`. Nothing is limited here; what a job raises is raised."""

    def __init__(self, target="a.test", **options):
        self._jobs = Jobs(target=target, **options)

    async def run(self, name, *arguments, body=b"", cpu_s=0.0):
        asked = orjson.loads(orjson.dumps(arguments))
        return orjson.loads(orjson.dumps(self._jobs.run(name, body, asked)))


def page_parser(target="a.test"):
    return PageParser(InProcess(target))
