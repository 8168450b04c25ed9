"""Reading without processes: the same jobs, the same JSON, in the test's own process."""

import orjson

from app.engines.reading.jobs import Jobs
from app.engines.reading.reader import PageReader


class InProcess:
    """Fulfils `Runs`. Nothing is limited here; what a job raises is raised."""

    def __init__(self, target="a.test", language="en"):
        self._jobs = Jobs(target=target, language=language)

    async def run(self, name, *arguments, body=b"", cpu_s=0.0):
        asked = orjson.loads(orjson.dumps(arguments))
        return orjson.loads(orjson.dumps(self._jobs.run(name, body, asked)))


def page_reader(target="a.test"):
    return PageReader(InProcess(target))
