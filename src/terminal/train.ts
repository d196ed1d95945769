/** `backflow train`. */
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import { RpcError, type Caller } from '../protocol/rpc';
import type { RunSummary } from '../protocol/run';
import type { ResumeCommand, TrainCommand } from './commandLine';
import { JsonTrainView, ReadableTrainView, type TrainView } from './trainViews';
import type { Output } from './output';
import { TensorBoardView } from './tensorBoard';

/**
 * Trains until the steps are done, `stop` is aborted or nobody reads the output any more; in each case a checkpoint is saved. Settles with
 * what made the run end before its time, if anything did; rejects when it cannot begin or its checkpoint cannot be written.
 */
export async function train(
  engine: Caller<EngineCalls, EngineEvents>,
  command: TrainCommand | ResumeCommand,
  output: Output,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<RpcError | null> {
  const view: TrainView = command.json ? new JsonTrainView(output) : new ReadableTrainView(output, environment);
  const log = command.tensorboard === null ? null : new TensorBoardView(engine, command.tensorboard);
  const flow = new BackPressure(engine, output);
  const problems: RpcError[] = [];
  let isEnding = false;
  let fail: (error: RpcError) => void = () => undefined;

  const ended = new Promise<RunSummary>((resolve, reject) => {
    // The first problem is the cause of the others.
    fail = (error) => reject(problems[0] ?? error);
    engine.on('finished', resolve);
    engine.on('started', (run) => {
      view.started(run);
      log?.started(run);
    });
    engine.on('progress', (progress) => {
      view.progress(progress);
      log?.progress(progress);
      flow.check();
    });
    engine.on('status', ({ state, message }) => {
      if (message === null) return;
      problems.push(new RpcError('user', message));
      // A run pauses when something is wrong; here nobody can repair it and resume.
      if (state === 'failed') fail(problems[0]);
      else end();
    });
  });
  // A failure arrives as an event, with its sentence, and as the answer to `stop`.
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    flow.stop();
    engine.call('stop', null).catch(fail);
  };
  // Until it is awaited.
  ended.catch(() => undefined);

  if (command.kind === 'train') await engine.call('train', command.request, stop);
  else await engine.call('resumeRun', { folder: command.folder, steps: command.steps });
  if (stop.aborted) end();
  stop.addEventListener('abort', end, { once: true });
  output.onGone(end);
  try {
    view.ended(await ended);
    await log?.finished();
  } finally {
    stop.removeEventListener('abort', end);
    view.close();
  }
  return problems.at(0) ?? log?.problem ?? null;
}

/** Pauses a run while the reader of the output is slower than the training: what waits to be read stays small. */
class BackPressure {
  private isWaiting = false;
  private isStopped = false;

  constructor(
    private readonly engine: Caller<EngineCalls, EngineEvents>,
    private readonly output: Output,
  ) {}

  check(): void {
    if (this.isWaiting || this.isStopped || !this.output.isCongested) return;
    this.isWaiting = true;
    this.wait().catch(() => undefined);
  }

  /** The run is to end: it must not be resumed any more. */
  stop(): void {
    this.isStopped = true;
  }

  private async wait(): Promise<void> {
    await this.engine.call('pause', null);
    await this.output.caughtUp();
    this.isWaiting = false;
    if (!this.isStopped) await this.engine.call('resume', null);
  }
}
