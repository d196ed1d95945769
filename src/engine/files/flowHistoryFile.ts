/** A run's flows over training on disk, flows.safetensors beside run.json: so that they outlive the engine. */
import { readFile } from 'node:fs/promises';
import { FlowHistory } from '../inspect/flowHistory';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors';
import { isStateName, optionsOf } from '../../layers/catalog';
import { noOptions } from '../../layers/options';
import type { FrameHeader, SeriesEntry, SeriesName } from '../../protocol/frame';
import type { LayerShape } from '../../protocol/model';
import { writeFileAtomic } from './atomicWrite';

const dataName = 'flows';

/** What a header is on disk: the text is kept once for all rows that have it. */
type StoredHeader = Omit<FrameHeader, 'tokens'> & { readonly text: number; readonly length: number };

/** Files of before name a state's series by both: `flow`, `cellFlow`, `hidden`, `cell`, `total`, `totalCell`. */
const namesOfBefore: Readonly<
  Record<string, { readonly name: SeriesName; readonly state: string | null } | undefined>
> = {
  loss: { name: 'loss', state: null },
  flow: { name: 'flow', state: 'hidden' },
  hidden: { name: 'norm', state: 'hidden' },
  total: { name: 'total', state: 'hidden' },
  cellFlow: { name: 'flow', state: 'cell' },
  cell: { name: 'norm', state: 'cell' },
  totalCell: { name: 'total', state: 'cell' },
};

interface Stored {
  readonly texts: readonly (readonly string[])[];
  readonly rows: readonly StoredHeader[];
  readonly overflows: readonly number[];
}

/** Nothing is written of an empty one. Throws a UserError where it cannot be written. */
export async function writeFlowHistory(file: string, history: FlowHistory): Promise<void> {
  const { rows } = history;
  if (rows.length === 0) return;
  const texts = [...new Set(rows.map(({ header }) => header.tokens))];
  const data = new Float32Array(rows.reduce((sum, row) => sum + row.data.length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row.data, at);
    at += row.data.length;
  }
  const stored: Stored = {
    texts,
    rows: rows.map(({ header: { tokens, ...rest }, data: { length } }) => ({
      ...rest,
      text: texts.indexOf(tokens),
      length,
    })),
    overflows: history.overflowSteps,
  };
  await writeFileAtomic(
    file,
    encodeSafetensors(new Map([[dataName, { dtype: 'F32', shape: [data.length], data }]]), {
      history: JSON.stringify(stored),
    }),
  );
}

/** An empty one where there is no file, or none that can be read: the run itself does not need it. */
export async function readFlowHistory(file: string): Promise<FlowHistory> {
  const history = new FlowHistory();
  try {
    const { tensors, metadata } = decodeSafetensors(await readFile(file), file);
    const data = tensors.get(dataName)?.data;
    if (!(data instanceof Float32Array)) return history;
    const { texts, rows, overflows } = JSON.parse(metadata['history']) as Stored;
    let at = 0;
    for (const { text, length, ...header } of rows) {
      history.add({
        header: {
          ...header,
          layers: header.layers.map(layerOf),
          series: header.series.map(entryOf),
          tokens: texts[text],
          unitMap: { ...header.unitMap, offset: length },
        },
        data: data.slice(at, at + length),
      });
      at += length;
    }
    overflows.forEach((step) => history.addOverflow(step));
    return history;
  } catch {
    return new FlowHistory();
  }
}

/** A layer as it is now: files of before do not have its options. */
function layerOf(layer: Omit<LayerShape, 'options'> & Partial<LayerShape>): LayerShape {
  return { ...layer, options: optionsOf(layer.cell, layer.options ?? noOptions) };
}

/** An entry as it is now, of a file of any age. */
function entryOf(entry: SeriesEntry): SeriesEntry {
  if ((entry.state as SeriesEntry['state'] | undefined) !== undefined) return entry;
  const found = namesOfBefore[entry.name];
  return { ...entry, name: found?.name ?? entry.name, state: isStateName(found?.state) ? found.state : null };
}
