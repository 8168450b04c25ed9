/** The review as its address has it: the same findings in the same order for whoever opens it. */

import { STATES } from "@/composables/useDecisions";
import type { DecisionState, Due, ReviewOrder } from "@/generated/rest";

const ASSIGNEES = ["me", "none"] as const;
const DUE: readonly Due[] = ["overdue", "week"];
const ORDERS: readonly ReviewOrder[] = ["due"];

/** What the list has. `null`: all, and the newest scan first. */
export interface Wanted {
  decision: DecisionState;
  assignee: (typeof ASSIGNEES)[number] | null;
  due: Due | null;
  sort: ReviewOrder | null;
}

/** What an address asks for; what it has of other making is left out. */
export function wantedOf(address: Readonly<Record<string, unknown>>): Wanted {
  return {
    decision: STATES.find((state) => state === address.decision) ?? "open",
    assignee: ASSIGNEES.find((assignee) => assignee === address.assignee) ?? null,
    due: DUE.find((due) => due === address.due) ?? null,
    sort: ORDERS.find((order) => order === address.sort) ?? null,
  };
}

/** Without what goes without saying, so that the same list has the same address. */
export function addressOf({ decision, assignee, due, sort }: Wanted): Record<string, string> {
  return {
    ...(decision === "open" ? {} : { decision }),
    ...(assignee === null ? {} : { assignee }),
    ...(due === null ? {} : { due }),
    ...(sort === null ? {} : { sort }),
  };
}
