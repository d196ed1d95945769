/** A run's flows over training on disk, flows.safetensors beside run.json: so that they outlive the engine. */
import { readFile } from 'node:fs/promises';
import { FlowHistory, isSameQuestion, type HistoryQuestion } from '../inspect/flowHistory';
import { decodeSafetensors, encodeSafetensors } from '../../formats/safetensors';
import { isStateName, optionsOf } from '../../layers/catalog';
import { noOptions } from '../../layers/options';
import type { Frame, FrameHeader, SeriesEntry, SeriesName } from '../../protocol/frame';
import type { SpectrumSample } from '../../protocol/overTraining';
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
  /** Files of before do not have them. An exponent of −Infinity is null, as JSON has it. */
  readonly spectra?: readonly (Omit<SpectrumSample, 'exponent'> & { readonly exponent: number | null })[];
  /** What all rows are of. Files of before do not have it, and their rows can be of several texts and targets. */
  readonly question?: HistoryQuestion;
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
    spectra: history.spectra,
    ...(history.question && { question: history.question }),
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
    const { texts, rows, overflows, question, spectra = [] } = JSON.parse(metadata['history']) as Stored;
    const frames: Frame[] = [];
    let at = 0;
    for (const { text, length, ...header } of rows) {
      frames.push({
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
    const kept = question ? frames : mostOfOneQuestion(frames);
    kept.forEach((frame) => history.add(frame));
    const of = question ?? questionOf(kept.at(-1));
    if (of) history.ask(of);
    overflows.forEach((step) => history.addOverflow(step));
    for (const { exponent, ...sample } of spectra) history.addSpectrum({ ...sample, exponent: exponent ?? -Infinity });
    return history;
  } catch {
    return new FlowHistory();
  }
}

/** Of rows of several texts and targets, which cannot be compared, those of the one that has most; of equally many the newer. */
function mostOfOneQuestion(frames: readonly Frame[]): readonly Frame[] {
  const groups: Frame[][] = [];
  for (const frame of frames) {
    const group = groups.find(([{ header }]) => isSameQuestion(header, frame.header));
    if (group) group.push(frame);
    else groups.push([frame]);
  }
  const newest = (group: readonly Frame[]) => group[group.length - 1].header.trainingStep;
  return groups.sort((a, b) => b.length - a.length || newest(b) - newest(a)).at(0) ?? [];
}

/** What a row of a file of before is of, as far as its symbols say; whether the model reads that text so, `HistoryKeeper` sees. */
function questionOf(frame: Frame | undefined): HistoryQuestion | null {
  if (!frame) return null;
  const { tokens, lastTarget, target } = frame.header;
  return { text: [...tokens, lastTarget].join(''), target };
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
