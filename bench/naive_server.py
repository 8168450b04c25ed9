"""What most people write: a manager with a list of sockets, and a loop of `await send_text(json.dumps(...))`.

    naive_server.py --port PORT

It speaks just enough of the protocol for the subscriber of limit.c: no token is checked, nothing is stored, no event is
ever sent again, and one client that does not read holds up all the others. uvicorn runs it as it comes.
"""

import argparse
import asyncio
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from app.server import BACKLOG, raise_file_limit

PADDING: Final = "x" * 28  # makes a frame of about 200 bytes
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class ConnectionManager:
    """Who follows which task."""

    def __init__(self) -> None:
        self.subscribers: dict[str, list[WebSocket]] = {}
        self.seqs: dict[str, int] = {}

    def subscribe(self, task_id: str, websocket: WebSocket) -> int:
        self.subscribers.setdefault(task_id, []).append(websocket)
        return self.seqs.setdefault(task_id, 0)

    def leave(self, websocket: WebSocket) -> None:
        for sockets in self.subscribers.values():
            if websocket in sockets:
                sockets.remove(websocket)

    async def broadcast(self, task_id: str, message: dict[str, Any]) -> None:
        for websocket in list(self.subscribers.get(task_id, ())):
            try:
                await websocket.send_text(encode(message))
            except (WebSocketDisconnect, RuntimeError):
                self.leave(websocket)


app = FastAPI()
manager = ConnectionManager()


@app.websocket("/api/v1/monitor/ws")
async def follow(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(encode({"type": "connection_established"}))
    try:
        while True:
            command = json.loads(await websocket.receive_text())
            seq = manager.subscribe(command["task_id"], websocket)
            await websocket.send_text(encode({"type": "subscription_result", "success": True}))
            await websocket.send_text(encode({"type": "task_snapshot", "seq": seq}))
    except WebSocketDisconnect:
        manager.leave(websocket)


@app.post("/bench/publish")
async def publish(m: int, rate: float = 0, tasks: int = 0) -> dict[str, Any]:
    """As that of fanout_server.py. A turn of the loop ends with each `await` or not at all: there is no `k` here."""
    names = [f"bench-{number}" for number in range(tasks)] if tasks else ["bench"]
    started, cpu = time.monotonic(), time.thread_time()
    for done in range(m):
        if rate > 0:
            await asyncio.sleep(max(0.0, started + done / rate - time.monotonic()))
        for name in names:
            await manager.broadcast(name, make_event(name))
        await asyncio.sleep(0)
    return {"m": m, "seconds": time.monotonic() - started, "cpu_s": time.thread_time() - cpu}


@app.get("/bench/stats")
def stats() -> dict[str, Any]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    connections = {id(socket) for sockets in manager.subscribers.values() for socket in sockets}
    return {"connections": len(connections), "resident_bytes": pages * PAGE_BYTES, "cpu_s": time.process_time()}


def encode(message: dict[str, Any]) -> str:
    """As Starlette's `send_json`."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def make_event(task_id: str) -> dict[str, Any]:
    manager.seqs[task_id] = seq = manager.seqs.get(task_id, 0) + 1
    return {
        "type": "task_warning",
        "task_id": task_id,
        "seq": seq,
        "prev_seq": seq - 1,
        "attempt": 1,
        "code": "partial",
        "message": f"{PADDING} @t={time.monotonic_ns()}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    raise_file_limit()
    uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_level="warning", backlog=BACKLOG)


if __name__ == "__main__":
    main()
