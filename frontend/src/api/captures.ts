/** A captured content of a scan, fetched with the token in a header: no address leads to it without one. */

import type { Api } from "./client";

/** To be shown: screenshots are encoded anew. `attempt` null: the results that stand. `width`: of a screenshot in pixels, null as it is. Rejects with an `ApiError`. */
export function captureFile(api: Api, taskId: string, attempt: number | null, sha256: string, width: number | null = null): Promise<Blob> {
  return api.file("GET /api/v1/tasks/{task_id}/captures/{sha256}", { path: { task_id: taskId, sha256 }, query: { attempt, width } });
}

/** The same as evidence: the stored bytes, which alone have that hash. */
export function storedFile(api: Api, taskId: string, attempt: number | null, sha256: string): Promise<File> {
  return api.file("GET /api/v1/tasks/{task_id}/captures/{sha256}", { path: { task_id: taskId, sha256 }, query: { attempt, stored: true } });
}
