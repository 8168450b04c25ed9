/**
 * What is followed on the connection, and by whom: tasks, and the user's notifications.
 *
 * The owner says when a connection is `opened` and when it is `closed`, hands over all frames about tasks and
 * notifications, and sends what `send` gets. The rules stand in `subscription.ts` and `feedSubscription.ts`.
 */

import { FeedSubscription, type FeedVerdict } from "./feedSubscription";
import { NoticeMemory } from "./noticeMemory";
import type { ClientCommand, FeedFrame, FollowedFrame, FrameOf, TaskFrame } from "./protocol";
import { TaskSubscription, isNotice, seqOf, type LostCode, type SubscriptionOptions, type Verdict } from "./subscription";

const DEFAULTS: SubscriptionOptions = { topics: ["progress", "logs"], logTail: 200 };

export interface TaskListener {
  /** A snapshot first, then events in order; a snapshot again whenever the events between are not known. */
  onFrame(frame: FollowedFrame): void;
  /** Nothing more comes. */
  onLost(code: LostCode): void;
}

/** What follows the user's notifications. They come in order, each once, and then their state. */
export interface NotificationListener {
  onNotification(frame: FrameOf<"notification">): void;
  onState(frame: FrameOf<"notification_state">): void;
  /** What comes from now on follows the number `seq`: read the list anew. */
  onReset(seq: number): void;
  /** Whether they come over the connection; while they do not, ask for them now and then. */
  onFollowed(isFollowed: boolean): void;
}

export interface FollowersOptions {
  /** Clock time in ms. */
  now(): number;
  /** Called while a connection is open, and not otherwise. */
  send(command: ClientCommand): void;
  /** An event of a task that is not followed; each once. */
  onNotice(frame: TaskFrame): void;
}

interface Entry {
  subscription: TaskSubscription;
  listener: TaskListener | null; // null: it is being ended
}

interface FeedEntry {
  subscription: FeedSubscription;
  listener: NotificationListener | null; // null: it is being ended
  isFollowed: boolean; // as the listener was told
}

export class Followers {
  #options: FollowersOptions;
  #notices = new NoticeMemory();
  #followed = new Map<string, Entry>();
  #feed: FeedEntry | null = null;
  #userId = ""; // of the newest connection; empty before the first welcome
  #isOpen = false; // from `opened` until `closed`
  #commands = 0;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  follow(taskId: string, listener: TaskListener, options: Partial<SubscriptionOptions> = {}): () => void {
    const previous = this.#followed.get(taskId)?.subscription;
    const wanted = { ...DEFAULTS, ...options };
    const subscription = previous ? TaskSubscription.after(previous, wanted) : new TaskSubscription(taskId, wanted);
    const entry: Entry = { subscription, listener };
    this.#followed.set(taskId, entry);
    this.flush();
    return () => this.#unfollow(entry);
  }

  followNotifications(listener: NotificationListener): () => void {
    const entry: FeedEntry = { subscription: this.#feed?.subscription ?? new FeedSubscription(), listener, isFollowed: false };
    entry.subscription.wanted = true;
    entry.subscription.enter(this.#userId);
    this.#feed = entry;
    this.flush();
    return () => {
      if (this.#feed !== entry) return;
      entry.listener = null;
      entry.subscription.wanted = false;
      this.flush();
    };
  }

  #unfollow(entry: Entry): void {
    if (this.#followed.get(entry.subscription.taskId) !== entry) return;
    entry.listener = null;
    entry.subscription.wanted = false;
    this.flush();
  }

  /** With the next connection all is told anew. */
  forgetPositions(): void {
    for (const { subscription } of this.#followed.values()) subscription.last = null;
    if (this.#feed !== null) this.#feed.subscription.last = null;
  }

  /** From now on commands can be sent; those that have waited for it are sent at once. */
  opened(frame: FrameOf<"connection_established">): void {
    this.#isOpen = true;
    this.#notices.enter(frame.epoch);
    this.#userId = frame.user_id;
    this.#feed?.subscription.enter(this.#userId);
    this.flush();
  }

  /** What was asked on the connection is void. It may never have been open. */
  closed(): void {
    this.#isOpen = false;
    for (const { subscription } of this.#followed.values()) subscription.disconnected();
    this.#feed?.subscription.disconnected();
    this.#noteFeed();
    this.#forgetFinished();
  }

  /** An `error` frame: it may be the answer to a command. */
  refuse(frame: FrameOf<"error">): void {
    for (const entry of [...this.#followed.values()]) {
      if (entry.subscription.refuse(frame, this.#options.now()) === "lost") this.#lose(entry);
    }
    if (this.#feed?.subscription.refuse(frame, this.#options.now()) === "refused") this.#noteFeed();
  }

  receiveFeed(frame: FeedFrame): void {
    if (this.#feed !== null) this.#obeyFeed(this.#feed.subscription.receive(frame), frame, this.#feed);
  }

  #obeyFeed(verdict: FeedVerdict, frame: FeedFrame, { subscription, listener }: FeedEntry): void {
    if (verdict === "ignore") return;
    this.#noteFeed();
    if (verdict === "notification") listener?.onNotification(frame as FrameOf<"notification">);
    else if (verdict === "state") listener?.onState(frame as FrameOf<"notification_state">);
    else if (verdict === "reset") listener?.onReset(subscription.last ?? 0);
    else this.flush();
  }

  /** Says when it changes whether notifications come over the connection. */
  #noteFeed(): void {
    const entry = this.#feed;
    if (entry === null || entry.isFollowed === entry.subscription.placed) return;
    entry.isFollowed = entry.subscription.placed;
    entry.listener?.onFollowed(entry.isFollowed);
  }

  receiveTask(frame: TaskFrame): void {
    const entry = this.#followed.get(frame.task_id);
    if (entry === undefined) this.#toStranger(frame);
    else this.#obey(entry.subscription.receive(frame), frame, entry);
  }

  /** A frame of a task that is not followed here. A deletion may come without a number, when the row is gone. */
  #toStranger(frame: TaskFrame): void {
    if (isNotice(frame) || (frame.type === "task_deleted" && seqOf(frame) === null)) this.#notice(frame);
  }

  #obey(verdict: Verdict, frame: TaskFrame, entry: Entry): void {
    if (verdict === "apply") this.#apply(frame as FollowedFrame, entry);
    else if (verdict === "notice") this.#notice(frame);
    else if (verdict === "lost") this.#lose(entry);
    else if (verdict === "settled" || verdict === "gap") this.flush();
  }

  #apply(frame: FollowedFrame, entry: Entry): void {
    const seq = seqOf(frame);
    if (seq !== null) this.#notices.remember(frame.task_id, seq);
    const isEnd = frame.type === "task_deleted";
    if (isEnd) entry.subscription.wanted = false;
    entry.listener?.onFrame(frame);
    if (isEnd) this.flush();
  }

  #notice(frame: TaskFrame): void {
    const seq = seqOf(frame);
    if (seq !== null) {
      if (!this.#notices.isNew(frame.task_id, seq)) return;
      this.#notices.remember(frame.task_id, seq);
    }
    this.#options.onNotice(frame);
  }

  #lose({ subscription, listener }: Entry): void {
    this.#followed.delete(subscription.taskId);
    listener?.onLost(subscription.lostCode ?? "internal");
  }

  /** Sends the commands that are due. The owner calls it now and then as well: some are due after a while. */
  flush(): void {
    if (this.#isOpen) {
      for (const { subscription } of this.#followed.values()) {
        const command = subscription.nextCommand(this.#options.now(), () => `c${(this.#commands += 1)}`);
        if (command !== null) this.#options.send(command);
      }
      const command = this.#feed?.subscription.nextCommand(this.#options.now(), () => `c${(this.#commands += 1)}`) ?? null;
      if (command !== null) this.#options.send(command);
    }
    this.#forgetFinished();
  }

  #forgetFinished(): void {
    for (const [taskId, { subscription }] of this.#followed) {
      if (subscription.finished) this.#followed.delete(taskId);
    }
    if (this.#feed?.subscription.finished) this.#feed = null;
  }
}
