/** What `backflow train` shows: objects for programs, a line for people. */
import { relative } from 'node:path';
import { labelWith } from '../layers/catalog';
import type { LayerConfig } from '../layers/layerConfig';
import { stackName } from '../layers/stackName';
import type { Progress, RunDescription, RunSummary } from '../protocol/run';
import { isMixture } from '../protocol/settings';
import { localize } from './language';
import { counted, grouped, lossText } from './numbers';
import type { Output } from './output';
import { canPaint } from './paint';
import { progressLine, stepRows, type StepRow } from './progressLine';

export interface TrainView {
  started(run: RunDescription): void;
  progress(progress: Progress): void;
  ended(summary: RunSummary): void;
  /** Leaves the terminal in order, however the run ended. */
  close(): void;
}

/** One object a step, and one at the end. */
export class JsonTrainView implements TrainView {
  constructor(private readonly output: Output) {}

  started(): void {
    // A program knows what it asked for; the last object names the run.
  }

  progress({ rows }: Progress): void {
    for (const { step, loss, gradientNorm, clippedNorm, tokens, tokensPerSecond } of stepRows(rows)) {
      this.output.writeJson({ event: 'step', step, loss, gradientNorm, clippedNorm, tokens, tokensPerSecond });
    }
  }

  ended({ run, model, loss, validationLoss, tokensPerSecond, backend }: RunSummary): void {
    this.output.writeJson({ event: 'done', run, model, loss, validationLoss, tokensPerSecond, backend });
  }

  close(): void {
    // Nothing is left open.
  }
}

/** Without a terminal (a log file), lines come this often: milliseconds. */
const plainInterval = 1000;

/** A line redrawn in place; plain lines where there is no terminal. */
export class ReadableTrainView implements TrainView {
  private readonly colored: boolean;
  private steps: number | null = null;
  private isOfNumbers = false;
  private startedAt = 0;
  private firstStep: number | null = null;
  private last: StepRow | null = null;
  private shownAt = 0;
  private shownStep = -1;
  private lineIsOpen = false;

  constructor(
    private readonly output: Output,
    environment: NodeJS.ProcessEnv,
  ) {
    this.colored = canPaint(output.colorDepth(environment));
  }

  started({ corpus, model, training, backend, folder }: RunDescription): void {
    this.steps = training.steps;
    this.isOfNumbers = model.features !== undefined;
    this.startedAt = performance.now();
    const sizes = [
      counted(model.parameterCount, 'parameter'),
      corpus.name,
      ...(model.features === undefined
        ? [counted(corpus.tokens, 'token'), counted(model.vocabularySize, 'symbol')]
        : [counted(corpus.tokens, 'step'), localize('numbers.inAndOut', model.features, model.vocabularySize)]),
    ];
    const label = ({ cell, activation, options }: LayerConfig) => labelWith(cell, activation, options);
    const begins = isMixture(model)
      ? localize('training.report.mixtureBegins', stackName(model.layers, { label }), ...sizes)
      : localize(
          'training.report.begins',
          label(model),
          counted(model.layers, 'layer'),
          counted(model.hiddenSize, 'unit'),
          ...sizes,
        );
    this.output.write(
      `${begins}\n` +
        `${localize('training.report.backendAndFolder', backendText(backend), shortPath(folder))}\n` +
        (training.steps === null ? `${localize('training.report.untilStopped')}\n` : ''),
    );
  }

  progress({ rows }: Progress): void {
    const row = stepRows(rows).at(-1);
    if (row === undefined) return;
    this.firstStep ??= rows[0];
    this.last = row;
    const now = performance.now();
    if (!this.output.isTerminal && now - this.shownAt < plainInterval) return;
    this.shownAt = now;
    this.show(row);
  }

  ended({ run, model, step, loss, validationLoss, tokensPerSecond }: RunSummary): void {
    if (this.last !== null && this.last.step !== this.shownStep) this.show(this.last);
    this.close();
    const isDone = this.steps === null || step >= this.steps;
    const steps = counted(step, 'step');
    const losses = [
      Number.isNaN(loss)
        ? localize('training.report.lossAsBefore')
        : localize('progress.loss', lossText(loss, this.isOfNumbers)),
      ...(validationLoss === null
        ? []
        : [localize('training.report.validation', lossText(validationLoss, this.isOfNumbers))]),
    ];
    const speed = localize('speed.tokensPerSecond', grouped(tokensPerSecond));
    const said =
      this.steps !== null && isDone && this.last === null
        ? localize('training.report.alreadyDone', steps, losses.join(', '))
        : localize(isDone ? 'training.report.done' : 'training.report.stopped', steps, losses.join(', '), speed);
    this.output.write(
      `${said}\n${localize('training.report.runFolder', shortPath(run))}\n${localize('training.report.modelFile', shortPath(model))}\n`,
    );
  }

  close(): void {
    if (this.lineIsOpen) this.output.write('\n');
    this.lineIsOpen = false;
  }

  private show(row: StepRow): void {
    this.shownStep = row.step;
    const seconds = (performance.now() - this.startedAt) / 1000;
    const view = {
      row,
      isOfNumbers: this.isOfNumbers,
      steps: this.steps,
      seconds,
      firstStep: this.firstStep ?? row.step,
    };
    if (this.output.isTerminal) {
      this.output.write(`\r${progressLine(view, this.output.columns, this.colored)}\x1b[K`);
      this.lineIsOpen = true;
    } else {
      this.output.write(`${progressLine(view, Infinity, false)}\n`);
    }
  }
}

function backendText(backend: RunDescription['backend']): string {
  return backend === 'ort' ? 'ONNX Runtime' : localize('training.report.ownKernels');
}

/** From the current folder, where the path lies in it. */
export function shortPath(path: string): string {
  const short = relative('', path);
  return short === '' || short.startsWith('..') ? path : short;
}
