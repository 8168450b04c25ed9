/**
 * A client for the real-time protocol, of use without this page: it imports nothing but the generated contracts.
 *
 * `RealtimeClient` keeps the connection and follows tasks and the user's notifications, `TaskState` adds up what comes, `freshnessOf` says how old
 * that is. See docs/protocol.md.
 */

export { socketAddress } from "./address";
export { RealtimeClient } from "./client";
export type { ClientListener, ClientOptions, Clock, ConnectionStatus, Phase, SocketLike, TicketRefusal } from "./client";
export { systemClock } from "./clock";
export type { NotificationListener, TaskListener } from "./followers";
export { freshnessOf } from "./freshness";
export type { Freshness } from "./freshness";
export type { FollowedFrame, FrameOf, ServerFrame, TaskFrame, Topic } from "./protocol";
export type { LostCode } from "./subscription";
export { MAX_LINES, MAX_VIOLATIONS, TaskState, flatten } from "./taskState";
export type { Counts, KnownViolation, TaskEvent } from "./taskState";
