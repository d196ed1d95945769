/**
 * Calls and events over a channel of structured-clone messages. An interface of plain functions (`EngineCalls`) is the whole
 * contract: names, arguments and results are inferred from it. Every call settles: with a value, with the error the other
 * side gave, or, when the channel closes, with an error of code 'closed'.
 */
import { inEnglish, type Message } from '../messages';

/** Where messages go and come from: a child process, a parent, or a pair in memory. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
}

export type RpcErrorCode = 'user' | 'canceled' | 'closed' | 'internal';

/** What would help a call that was refused, where a person can be asked for it. */
export type Need = 'vocabulary' | 'activation' | 'tensors';

/** How an error crosses the link. */
export interface WireError {
  readonly code: RpcErrorCode;
  readonly sentence: Message;
  readonly need: Need | null;
  /** The answers there are, where they can be listed. */
  readonly choices: readonly string[];
}

/** An error that crossed the link. `user` errors are sentences for a person and can be translated; others are for the log. */
export class RpcError extends Error implements WireError {
  constructor(
    readonly code: RpcErrorCode,
    readonly sentence: Message,
    readonly need: Need | null = null,
    readonly choices: readonly string[] = [],
  ) {
    super(inEnglish(sentence));
    this.name = 'RpcError';
  }
}

type Calls<T> = { [K in keyof T]: (request: never) => unknown };
export type RequestOf<F> = F extends (request: infer R) => unknown ? R : never;
export type ResultOf<F> = F extends (request: never) => infer R ? R : never;

/** What the serving side implements. */
export type Handlers<C extends Calls<C>> = {
  [K in keyof C]: (request: RequestOf<C[K]>, signal: AbortSignal) => ResultOf<C[K]> | Promise<ResultOf<C[K]>>;
};

type Wire =
  | { readonly call: number; readonly method: string; readonly request: unknown }
  | { readonly cancel: number }
  | { readonly reply: number; readonly value: unknown }
  | { readonly reply: number; readonly error: WireError }
  | { readonly event: string; readonly value: unknown };

/** The calling side: `call` and `on`. */
export class Caller<C extends Calls<C>, E> {
  private next = 1;
  private closed = false;
  private readonly waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: RpcError) => void }
  >();
  private readonly listeners = new Map<keyof E, Set<(value: never) => void>>();

  constructor(private readonly channel: Channel) {
    channel.onMessage((message) => {
      this.receive(message as Wire);
    });
    channel.onClose(() => {
      this.closed = true;
      for (const { reject } of this.waiting.values()) reject(closedError());
      this.waiting.clear();
    });
  }

  call<K extends keyof C & string>(method: K, request: RequestOf<C[K]>, signal?: AbortSignal): Promise<ResultOf<C[K]>> {
    if (this.closed) return Promise.reject(closedError());
    if (signal?.aborted === true) return Promise.reject(canceledError());
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.channel.send({ cancel: id } satisfies Wire);
      };
      const settle = () => {
        this.waiting.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      this.waiting.set(id, {
        resolve: (value) => {
          settle();
          resolve(value as ResultOf<C[K]>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener('abort', abort, { once: true });
      this.channel.send({ call: id, method, request } satisfies Wire);
    });
  }

  /** Calls `listener` for every event of that name, until the returned function is called. */
  on<K extends keyof E & string>(event: K, listener: (value: E[K]) => void): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set.add(listener));
    return () => set.delete(listener);
  }

  private receive(message: Wire): void {
    if ('event' in message) {
      for (const listener of this.listeners.get(message.event as keyof E) ?? []) listener(message.value as never);
    } else if ('reply' in message) {
      const waiting = this.waiting.get(message.reply);
      if ('error' in message) waiting?.reject(errorOf(message.error));
      else waiting?.resolve(message.value);
    }
  }
}

/** The serving side: answers calls with `handlers`, and `emit`s events. `toError` says how a thrown value crosses the link. */
export class Server<C extends Calls<C>, E> {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly channel: Channel,
    private readonly handlers: Handlers<C>,
    private readonly toError: (thrown: unknown) => WireError,
  ) {
    channel.onMessage((message) => {
      const wire = message as Wire;
      if ('call' in wire) void this.answer(wire.call, wire.method, wire.request);
      else if ('cancel' in wire) this.running.get(wire.cancel)?.abort();
    });
  }

  emit<K extends keyof E & string>(event: K, value: E[K]): void {
    this.channel.send({ event, value } satisfies Wire);
  }

  private async answer(id: number, method: string, request: unknown): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    try {
      const handler = Object.hasOwn(this.handlers, method) ? this.handlers[method as keyof C] : undefined;
      if (!handler) throw new Error(`There is no call named ${method}.`);
      const value = await handler(request as never, controller.signal);
      this.channel.send({ reply: id, value } satisfies Wire);
    } catch (thrown) {
      const error: WireError = controller.signal.aborted
        ? { code: 'canceled', sentence: canceledError().sentence, need: null, choices: [] }
        : this.toError(thrown);
      this.channel.send({ reply: id, error } satisfies Wire);
    } finally {
      this.running.delete(id);
    }
  }
}

function errorOf({ code, sentence, need, choices }: WireError): RpcError {
  return new RpcError(code, sentence, need, choices);
}

function closedError(): RpcError {
  return new RpcError('closed', { key: 'error.engine.ended', args: [] });
}

function canceledError(): RpcError {
  return new RpcError('canceled', { key: 'error.engine.canceled', args: [] });
}
