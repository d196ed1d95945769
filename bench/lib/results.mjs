// What a measurement leaves behind: a file of numbers each time, and the page that the documents refer to when asked.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/stamps.mjs';

/** The whole page in markdown. */
export function page({ date, machine, ours, before, peers, quick, only }, sections) {
  const head = [
    `- ${date}, ${machine.cores} × ${machine.processor}, ${machine.memory}, ${machine.system}; load before the start ${machine.load.toFixed(1)}`,
    `- Backflow ${ours.backflow} on Node.js ${ours.node} with ONNX Runtime ${ours.onnxruntime}`,
    ...(before
      ? [
          `- Beside it the build of ${before.name}${before.isForeign ? ', measured by the programs of this one: it has none of its own' : ''}`,
        ]
      : []),
    ...peers.map(
      ({ torch, python, blas, capability }) => `- PyTorch ${torch} on Python ${python}, ${blas}, ${capability}`,
    ),
    ...(only.length > 0
      ? [`- Only rows of the grid that contain ${only.map((text) => `“${text}”`).join(' or ')}`]
      : []),
    ...(quick ? ['- Short rounds: a first impression'] : []),
  ];
  return (
    [`# Measurements`, head.join('\n'), ...sections.map(({ title, body }) => `## ${title}\n\n${body}`)].join('\n\n') +
    '\n'
  );
}

/** Returns the path of the file in bench/results, which git ignores. */
export function keepJson(content) {
  const folder = join(root, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  return file;
}

export function keepPage(text, name = 'RESULTS.md') {
  const file = join(root, 'bench', name);
  writeFileSync(file, text);
  return file;
}
