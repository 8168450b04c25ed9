/** What people say about a finding: a list that only grows. */

import type { CommentInfo, FindingSummary } from "@/generated/rest";
import { useAccount } from "@/stores/account";

import type { DecidedFinding } from "./useDecisions";

export const MOST = 500; // characters, as the server

/** What a new comment changes of a finding. */
export function commentedBy({ comment_count }: FindingSummary, last_comment: CommentInfo): Pick<FindingSummary, "comment_count" | "last_comment"> {
  return { comment_count: comment_count + 1, last_comment };
}

/** The first line of a comment, for a row of a list. */
export function firstLine({ text }: CommentInfo): string {
  return text.split("\n", 1)[0]!;
}

export function useComments() {
  const { api } = useAccount();
  const placeOf = ({ taskId, attempt, finding }: DecidedFinding) => ({ path: { task_id: taskId, finding_id: finding.finding_id }, query: { attempt } });

  function add(of: DecidedFinding, text: string): Promise<CommentInfo> {
    return api.call("POST /api/v1/tasks/{task_id}/findings/{finding_id}/comments", { ...placeOf(of), body: { text } });
  }

  /** All of them, the first one first. */
  async function readAll(of: DecidedFinding): Promise<CommentInfo[]> {
    return (await api.call("GET /api/v1/tasks/{task_id}/findings/{finding_id}/comments", placeOf(of))).items;
  }

  return { add, readAll };
}
