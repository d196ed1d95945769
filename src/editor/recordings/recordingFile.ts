/** What the tree needs to know of a recording, from its run.json. The engine checks the file in full when it opens it. */

export interface RecordingFile {
  /** The model's class. */
  readonly model: string;
  readonly created: Date | null;
  /** When run.json was written, milliseconds since 1970. */
  readonly mtime: number;
}

/** Undefined of a run.json that is of something else, as of a run of Backflow's own. */
export function parseRecordingFile(text: string, mtime: number): RecordingFile | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (field(file, 'format') !== 'backflow-recording') return undefined;
  const [model, created] = [field(field(file, 'model'), 'class'), field(file, 'created')];
  const time = typeof created === 'string' ? new Date(created) : null;
  return {
    model: typeof model === 'string' ? model : '',
    created: time && !Number.isNaN(time.getTime()) ? time : null,
    mtime,
  };
}

/** The number of a step's file; undefined of another. */
export function recordedStepOf(name: string): number | undefined {
  const digits = /^step-(\d{6,15})\.safetensors$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
