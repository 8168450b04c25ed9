/**
 * The frames of the protocol by their type. The types are generated from the server's models, so a frame that is new
 * there is a type error wherever frames are told apart (`Handlers`), until somebody says what it means.
 */

import type { ClientCommand, ServerFrame } from "../generated/frames";

export type { ClientCommand, ServerFrame };
export type FrameType = ServerFrame["type"];

/** The frames of one type. */
export type FrameOf<T extends FrameType> = Extract<ServerFrame, { type: T }>;

/** What to do with each type of frame: complete, or it does not compile. */
export type Handlers<T extends FrameType = FrameType> = { [K in T]: (frame: FrameOf<K>) => void };

/** Frames about one task, which the rule for followed tasks decides on. */
export type TaskFrame = Extract<ServerFrame, { task_id: string }>;

/** What a follower gets: a snapshot, then events in order, and `logs_dropped`. */
export type FollowedFrame = Exclude<TaskFrame, { type: "subscription_result" }>;

/** Frames about the user's notifications, which the rule for them decides on. */
export type FeedFrame = FrameOf<"topic_result" | "notification" | "notification_state">;

export type Topic = "progress" | "logs";

/**
 * The frame in a text; null when it is none. A type that is not known here passes too: a newer server may send what an
 * older client has to skip, and events of a followed task move its position whatever their type is.
 */
export function parseFrame(text: unknown): ServerFrame | null {
  if (typeof text !== "string") return null;
  try {
    const frame: unknown = JSON.parse(text);
    const isFrame = typeof frame === "object" && frame !== null && "type" in frame && typeof frame.type === "string";
    return isFrame ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
