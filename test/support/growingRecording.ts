/** A recording that grows while it is looked at: what PyTorch has written (test/vectors/recordings.py) is put there step by step, so that no Python is needed. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a recording as the recorder does: a step's file beside its place, then renamed. */
export class GrowingRecording {
  private readonly source: string;

  /** @param from one of the vectors  @param project the repository's folder */
  constructor(
    from: string,
    readonly path: string,
    project = '.',
  ) {
    this.source = join(project, 'test/vectors/data/recordings', from);
    mkdirSync(join(path, 'steps'), { recursive: true });
    copyFileSync(join(this.source, 'run.json'), join(path, 'run.json'));
    writeFileSync(join(path, 'metrics.jsonl'), '');
  }

  /** One of the vectors' steps, with its line and that before it. */
  add(step: number): void {
    const lines = readFileSync(join(this.source, 'metrics.jsonl'), 'utf8').split('\n');
    const isNew = (line: string) => [step - 1, step].some((number) => line.startsWith(`{"step": ${number},`));
    appendFileSync(join(this.path, 'metrics.jsonl'), `${lines.filter(isNew).join('\n')}\n`);
    const name = `step-${String(step).padStart(6, '0')}.safetensors`;
    copyFileSync(join(this.source, 'steps', name), join(this.path, 'steps', `${name}.part`));
    renameSync(join(this.path, 'steps', `${name}.part`), join(this.path, 'steps', name));
  }
}
