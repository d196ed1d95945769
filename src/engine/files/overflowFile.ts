/** What is kept beside a run that overflowed: the batch and the weights of the step that failed, and where in them it began. */
import { placeJson, type NonFinite, type RunOverflow } from '../../protocol/nonFinite';
import { UserError } from '../../userError';
import { sentenceOf } from '../nonFinite/words';
import { encodeFailedBatch, type FailedBatch } from '../train/failedBatch';
import { writeFileAtomic } from './atomicWrite';
import { Fields } from './checkedJson';
import { readTensors } from './safetensorsPart';

const format = 'backflow-overflow';

/** Throws a UserError where it cannot be written. */
export async function writeOverflow(path: string, batch: FailedBatch, overflow: RunOverflow): Promise<void> {
  const { nonFinite, ...others } = overflow;
  const place = JSON.stringify({ ...others, nonFinite: nonFinite && placeJson(nonFinite) });
  await writeFileAtomic(path, encodeFailedBatch(batch, { format, version: '1', overflow: place }));
}

/** Null where there is none, or none that can be read: the run itself does not need it. */
export async function readOverflow(path: string): Promise<RunOverflow | null> {
  try {
    const { metadata } = await readTensors(path, () => false);
    if (metadata['format'] !== format) return null;
    const fields = Fields.parse(path, metadata['overflow'] ?? '');
    return {
      trainingStep: fields.integer('trainingStep', { min: 1 }),
      stream: fields.nullable('stream', (key) => fields.integer(key, { min: 0 })),
      nonFinite: fields.nullable('nonFinite', (key) => placeIn(fields.object(key))),
    };
  } catch (thrown) {
    if (thrown instanceof UserError) return null;
    throw thrown;
  }
}

function placeIn(fields: Fields): NonFinite {
  const whole = (key: string) => fields.nullable(key, (own) => fields.integer(own, { min: 0 }));
  const text = (key: string) => fields.nullable(key, (own) => fields.string(own));
  const direction = fields.nullable('direction', (key) => fields.oneOf(key, directions));
  const place = {
    step: whole('step'),
    token: text('token'),
    layer: whole('layer'),
    direction,
    quantity: fields.string('quantity'),
    unit: whole('unit'),
    pass: fields.oneOf('pass', ['forward', 'backward']),
    before: fields.nullable('before', (key) => numberIn(fields, key)),
    value: numberIn(fields, 'value'),
    parameter: text('parameter'),
    isFiniteInFloat64: fields.nullable('isFiniteInFloat64', (key) => fields.boolean(key)),
  };
  return { ...place, sentence: sentenceOf(place) };
}

const directions = ['forward', 'backward'] as const;
const notFinite = ['NaN', 'Infinity', '-Infinity'] as const;

function numberIn(fields: Fields, key: string): number {
  return fields.isText(key) ? Number(fields.oneOf(key, notFinite)) : fields.number(key);
}
