"""The sentences of the interface's documents, and their translations.

After a change of a description: `.venv/bin/python -m tests.docs.sentences` names what is missing in Chinese, and puts
the file in the order of the documents without what is left over.
"""

import json
import sys

from app.api.document_language import LOCALES, sentences_of
from app.domain.messages import FOREIGN_LANGUAGE, Language
from app.websocket.asyncapi.document import build_document
from tests.support.interface import openapi_document

OTHERS = [language for language in Language if language is not FOREIGN_LANGUAGE]


def spoken() -> list[str]:
    """All sentences, in the order of the documents, each once."""
    documents = (openapi_document(), build_document("1.2.3"))
    return list(dict.fromkeys(sentence for document in documents for sentence in sentences_of(document)))


def catalogue(language: Language) -> dict[str, str]:
    return dict(json.loads((LOCALES / f"{language}.json").read_text("utf-8")))


def tidy(language: Language) -> None:
    known, said = catalogue(language), spoken()
    kept = {sentence: known[sentence] for sentence in said if sentence in known}
    (LOCALES / f"{language}.json").write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", "utf-8")
    for sentence in said:
        if sentence not in known:
            sys.stdout.write(f"{language} lacks: {sentence}\n")


if __name__ == "__main__":
    for other in OTHERS:
        tidy(other)
