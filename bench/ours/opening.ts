/** Opening a model of another tool, and looking at a probe with it, as the engine does. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { plainStack, uniformModel } from '../../src/core/model/config';
import { generalModelOf } from '../../src/core/model/plainModel';
import { initialize } from '../../src/core/model/initialize';
import { Random } from '../../src/core/model/random';
import { generalGraph } from '../../src/modelFiles/onnx/generalGraph';
import { encodeModel } from '../../src/formats/onnx/messages';
import { setRuntimeProgram } from '../../src/engine/runtime/runtimeProcess';
import { createBackend } from '../../src/engine/backend';
import { Inspector } from '../../src/engine/inspect/inspector';
import { openModel } from '../../src/engine/model/openModel';
import { defaultThresholds } from '../../src/protocol/settings';

export interface ForeignModelRequest {
  readonly path: string;
  readonly hidden: number;
  readonly layers: number;
  readonly embedding: number;
}

/** The tokens of a model: code points from a space on. */
const vocabularySize = 65;
const symbol = (id: number) => String.fromCodePoint(0x20 + id);

/** Writes a model without a word about itself; returns its size. */
export function writeForeignModel({ path, hidden, layers, embedding }: ForeignModelRequest): { bytes: number } {
  const config = uniformModel({
    ...plainStack,
    cell: 'lstm',
    activation: 'tanh',
    layers,
    hiddenSize: hidden,
    vocabularySize,
    embeddingSize: embedding,
  });
  const file = encodeModel(generalGraph(generalModelOf(config, initialize(config, Random.fromSeed(1)))));
  writeFileSync(path, file);
  return { bytes: file.byteLength };
}

setRuntimeProgram(join(__dirname, '../../dist/runtime.js'));

/** Seconds and bytes of opening it, verification included, beyond the process before it; then seconds of a look at a probe, the median of several. */
export async function openForeignModel(
  path: string,
  probe: number,
): Promise<{ seconds: number; bytes: number; look: number }> {
  const random = Random.fromSeed(2);
  const all = Array.from({ length: vocabularySize }, (_, id) => symbol(id)).join('');
  const newText = () =>
    all +
    Array.from({ length: probe - vocabularySize }, () => symbol(Math.floor(random.between(0, vocabularySize)))).join(
      '',
    );
  const text = newText();
  // ONNX Runtime is part of every engine, not of this model.
  const backend = await createBackend({ backend: 'ort', threads: null }, availableParallelism(), Infinity);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const { general, plain, vocabulary } = await openModel({
    path,
    vocabulary: null,
    text,
    architecture: { activation: null },
  });
  const seconds = (performance.now() - start) / 1000;
  const bytes = process.resourceUsage().maxRSS * 1024 - before;
  const inspector = new Inspector({ general, plain, isLive: false, vocabulary, backend });
  const looks: number[] = [];
  for (let i = 0; i < 9; i++) {
    // What has been read is not read again.
    const other = newText();
    const began = performance.now();
    await inspector.look(other, 'last', defaultThresholds);
    looks.push((performance.now() - began) / 1000);
  }
  // The first makes the room for the probe.
  return { seconds, bytes, look: looks.slice(1).sort((a, b) => a - b)[4] };
}
