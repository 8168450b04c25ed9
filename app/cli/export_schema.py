"""`compliance export-schema`: the machine-readable contracts, made from the models that the program runs on."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.core.config import load_settings
from app.core.errors import ConfigurationError
from app.core.system_errors import reason_of
from app.factory import create_app
from app.websocket.asyncapi.document import build_document
from app.websocket.messages.commands import COMMANDS
from app.websocket.messages.event_frames import event_frame_models
from app.websocket.messages.frames import CONTROL_FRAMES, PROTOCOL_VERSION, MadeUpDeletion

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]


def run_export_schema(folder: Path | None) -> int:
    """Write files into the folder, or one object to standard output. Raises ConfigurationError."""
    application = create_app(load_settings())
    documents = {
        "openapi": application.openapi(),
        "asyncapi": build_document(application.version),
        "websocket-server": server_schema(),
        "websocket-client": client_schema(),
    }
    if folder is None:
        sys.stdout.write(_text(documents))
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            (folder / f"{name}.json").write_text(_text(document), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(text="not_written", path=folder, reason=reason_of(error)) from error
    return 0


def server_schema() -> Json:
    """Describe every frame of the server. A `task_deleted` without `seq` is the one of a task whose row is gone."""
    control = {model.model_fields["type"].default: model for model in CONTROL_FRAMES}
    models: dict[str, type[BaseModel]] = {
        **control,
        **event_frame_models(),
        "task_deleted of a gone row": MadeUpDeletion,
    }
    return _union(f"Frames of the server, protocol {PROTOCOL_VERSION}", models, validates=lambda name: name.split()[0])


def client_schema() -> Json:
    """Describe every command of a client. Unknown fields are ignored by the server."""
    return _union(f"Commands of a client, protocol {PROTOCOL_VERSION}", COMMANDS, validates=str)


def _union(title: str, models: Mapping[str, type[BaseModel]], *, validates: Any) -> Json:
    """Return one schema that each of the frames fits exactly once; `type` tells which."""
    refs, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/$defs/{model}"
    )
    schemas: Json = definitions.get("$defs", {})
    for name, model in models.items():
        schema = schemas[refs[model, "validation"]["$ref"].rsplit("/", 1)[1]]
        schema.setdefault("properties", {})["type"] = {"const": validates(name)}
        schema["required"] = sorted({*schema.get("required", ()), "type"})
    branches = [refs[model, "validation"] for model in models.values()]
    return {"$schema": DIALECT, "title": title, "oneOf": branches, "$defs": schemas}


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
