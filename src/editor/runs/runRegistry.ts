/** All live runs and models, and the current one: what the panel, the tints, the hover and the status bar show. */
import * as vscode from 'vscode';
import type { RunSession } from './runSession';

/** Picks one of a session's own events, as `({ onDidProgress }) => onDidProgress`. */
type EventOf<T> = (session: RunSession) => vscode.Event<T>;

export class RunRegistry implements vscode.Disposable {
  private readonly sessions = new Set<RunSession>();
  private currentSession: RunSession | undefined;

  private readonly membersChanged = new vscode.EventEmitter<void>();
  private readonly listChanged = new vscode.EventEmitter<void>();
  private readonly currentChanged = new vscode.EventEmitter<RunSession | undefined>();

  /** A session has come, gone, or changed its state. */
  readonly onDidChangeList = this.listChanged.event;
  /** Another session is the current one, or none. */
  readonly onDidChangeCurrent = this.currentChanged.event;

  constructor() {
    this.onEach(
      ({ onDidChange }) => onDidChange,
      () => this.listChanged.fire(),
    );
    // Nobody looks at the frames of another session, but its engine waits for the answer.
    this.onEach(
      ({ onDidReceiveFrame }) => onDidReceiveFrame,
      ({ header }, session) => {
        if (session !== this.currentSession) session.frameDrawn(header.sequence);
      },
    );
  }

  /** Listens to an event of every session, also of those to come, as long as they are here. */
  onEach<T>(eventOf: EventOf<T>, listener: (value: T, session: RunSession) => void): vscode.Disposable {
    const listeners = new Map<RunSession, vscode.Disposable>();
    const drop = (session: RunSession) => {
      listeners.get(session)?.dispose();
      listeners.delete(session);
    };
    const follow = () => {
      for (const session of listeners.keys()) if (!this.sessions.has(session)) drop(session);
      for (const session of this.sessions)
        if (!listeners.has(session))
          listeners.set(
            session,
            eventOf(session)((value) => listener(value, session)),
          );
    };
    follow();
    return vscode.Disposable.from(
      this.membersChanged.event(follow),
      new vscode.Disposable(() => Array.from(listeners.keys()).forEach(drop)),
    );
  }

  /** Listens to an event of whichever session is the current one. */
  onCurrent<T>(eventOf: EventOf<T>, listener: (value: T, session: RunSession) => void): vscode.Disposable {
    return this.onEach(eventOf, (value, session) => {
      if (session === this.currentSession) listener(value, session);
    });
  }

  get current(): RunSession | undefined {
    return this.currentSession;
  }

  get all(): readonly RunSession[] {
    return [...this.sessions];
  }

  /** The live session of a run's folder or a model's file. */
  find(path: string): RunSession | undefined {
    return this.all.find(({ description }) => description.folder === path);
  }

  /** Adds a session and makes it the current one. */
  add(session: RunSession): void {
    this.join(session);
    this.select(session);
  }

  /** Adds a session beside the current one. */
  join(session: RunSession): void {
    this.sessions.add(session);
    this.membersChanged.fire();
    this.listChanged.fire();
  }

  /**
   * Makes a session the current one. The one before continues if it is training; an engine that only holds a model is ended, and
   * its run stays in the tree.
   */
  select(session: RunSession): void {
    const before = this.currentSession;
    if (before === session) return;
    this.currentSession = session;
    before?.watch(null);
    before?.watchSamples(null);
    if (before && !before.isTraining) this.remove(before);
    this.currentChanged.fire(session);
    this.listChanged.fire();
  }

  /** Ends a session; a run in training saves a checkpoint first. Resolves when its engine has ended. */
  async close(session: RunSession): Promise<void> {
    const ended = session.close();
    this.remove(session);
    await ended;
  }

  /** Ends all of them. */
  async closeAll(): Promise<void> {
    await Promise.all(this.all.map((session) => this.close(session)));
  }

  dispose(): void {
    for (const session of this.sessions) session.dispose();
    this.sessions.clear();
    for (const emitter of [this.membersChanged, this.listChanged, this.currentChanged]) emitter.dispose();
  }

  private remove(session: RunSession): void {
    this.sessions.delete(session);
    this.membersChanged.fire();
    session.dispose();
    if (this.currentSession === session) {
      this.currentSession = this.all.at(-1);
      this.currentChanged.fire(this.currentSession);
    }
    this.listChanged.fire();
  }
}
