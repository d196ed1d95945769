/** All live runs and models, and the current one: what the panel, the tints, the hover and the status bar show. */
import * as vscode from 'vscode';
import type { Frame } from '../../protocol/frame';
import type { Message } from '../../messages';
import type { RunSession, SessionProgress } from './runSession';

export class RunRegistry implements vscode.Disposable {
  private readonly sessions = new Map<RunSession, vscode.Disposable>();
  private currentSession: RunSession | undefined;

  private readonly listChanged = new vscode.EventEmitter<void>();
  private readonly currentChanged = new vscode.EventEmitter<RunSession | undefined>();
  private readonly statusChanged = new vscode.EventEmitter<RunSession>();
  private readonly progressed = new vscode.EventEmitter<SessionProgress>();
  private readonly stepped = new vscode.EventEmitter<RunSession>();
  private readonly framed = new vscode.EventEmitter<{ session: RunSession; frame: Frame }>();
  private readonly watchRefused = new vscode.EventEmitter<Message>();
  private readonly sampled = new vscode.EventEmitter<RunSession>();
  private readonly interrupted = new vscode.EventEmitter<{ session: RunSession; sentence: Message }>();
  private readonly hung = new vscode.EventEmitter<RunSession>();

  /** A session has come, gone, or changed its state. */
  readonly onDidChangeList = this.listChanged.event;
  /** Another session is the current one, or none. */
  readonly onDidChangeCurrent = this.currentChanged.event;
  /** The current session's status or description is new. */
  readonly onDidChangeStatus = this.statusChanged.event;
  /** Any session has trained on. */
  readonly onDidStep = this.stepped.event;
  /** Of the current session only. */
  readonly onDidProgress = this.progressed.event;
  readonly onDidReceiveFrame = this.framed.event;
  readonly onDidRefuseWatch = this.watchRefused.event;
  readonly onDidSample = this.sampled.event;
  /** Of any session. */
  readonly onDidInterrupt = this.interrupted.event;
  readonly onDidHang = this.hung.event;

  get current(): RunSession | undefined {
    return this.currentSession;
  }

  get all(): readonly RunSession[] {
    return [...this.sessions.keys()];
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
    const ofCurrent =
      <T>(action: (value: T) => void) =>
      (value: T) => {
        if (session === this.currentSession) action(value);
      };
    const listeners = vscode.Disposable.from(
      session.onDidChange(() => {
        this.listChanged.fire();
        if (session === this.currentSession) this.statusChanged.fire(session);
      }),
      session.onDidProgress(() => this.stepped.fire(session)),
      session.onDidProgress(ofCurrent((progress) => this.progressed.fire(progress))),
      session.onDidReceiveFrame((frame) => {
        // Nobody looks at the frames of another session, but its engine waits for the answer.
        if (session === this.currentSession) this.framed.fire({ session, frame });
        else session.frameDrawn(frame.header.sequence);
      }),
      session.onDidRefuseWatch(ofCurrent((message) => this.watchRefused.fire(message))),
      session.onDidSample(ofCurrent(() => this.sampled.fire(session))),
      session.onDidHang(() => this.hung.fire(session)),
      session.onDidInterrupt((sentence) => this.interrupted.fire({ session, sentence })),
    );
    this.sessions.set(session, listeners);
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
    for (const [session, listeners] of this.sessions) {
      listeners.dispose();
      session.dispose();
    }
    this.sessions.clear();
    const emitters = [this.listChanged, this.currentChanged, this.statusChanged, this.progressed, this.stepped, this.framed, this.watchRefused, this.sampled, this.interrupted, this.hung];
    for (const emitter of emitters) emitter.dispose();
  }

  private remove(session: RunSession): void {
    this.sessions.get(session)?.dispose();
    this.sessions.delete(session);
    session.dispose();
    if (this.currentSession === session) {
      this.currentSession = this.all.at(-1);
      this.currentChanged.fire(this.currentSession);
    }
    this.listChanged.fire();
  }
}
