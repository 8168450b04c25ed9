"""Cost and quality of the local classifier, trained on the labelled texts of `tests/eval` with held-out domains.

    python -m tests.eval.local_reader [--every N]

It prints how long learning and opening take, processor time for one page, and the held-back numbers of its report. Own
texts flatter (docs/analysis.md); what a deployment's own decisions give says `compliance reader report`.
"""

import argparse
import hashlib
import time
from pathlib import Path

from app.domain.local_reading import DecidedPage, StoredModel
from app.engines.local_reader.learning import learn_model
from app.engines.local_reader.model import read_model
from tests.eval.eval_set import CLEAN, SET, read_items, subject_of


def pages_of(paths: list[Path]) -> list[DecidedPage]:
    found = []
    for item in read_items(paths):
        subject = subject_of(item)
        cause = "" if item["label"] == CLEAN else item["label"]
        found.append(DecidedPage(subject.host, subject.title, subject.page.text, cause))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth text alone")
    pages = pages_of(sorted(SET.glob("*.jsonl")))[:: parser.parse_args().every]
    began = time.perf_counter()
    learnt = learn_model(pages, program="bench")
    print(f"learning: {time.perf_counter() - began:.1f} s for {len(pages)} pages, {len(learnt.data) / 1e6:.1f} MB")
    began = time.perf_counter()
    model = read_model(StoredModel(1, learnt.data, hashlib.sha256(learnt.data).hexdigest()))
    print(f"opening: {(time.perf_counter() - began) * 1_000:.0f} ms")
    began = time.process_time()
    for page in pages:
        model.read(page.title, page.text)
    print(f"one page: {(time.process_time() - began) * 1_000 / len(pages):.2f} ms of processor time")
    for name, head in learnt.report["heads"].items():
        print(f"{name}: {head['pages']} pages, precision {head['precision']}, recall {head['recall']}")
    print(learnt.report["changes"])


if __name__ == "__main__":
    main()
