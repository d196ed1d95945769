// What a measurement leaves behind: a file of numbers each time, and the page that the documents refer to when asked.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../scripts/lib/say.mjs';
import { root } from '../../scripts/lib/stamps.mjs';

/**
 * The whole page in markdown.
 * @param earlier null, or an earlier run's `parts`, which were not measured again, with its date and load
 */
export function page({ date, machine, ours, before, peers, quick, only }, sections, earlier = null) {
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
    ...(earlier
      ? [`- Of ${earlier.date}, load before the start ${earlier.load.toFixed(1)}: ${earlier.parts.join(', ')}`]
      : []),
  ];
  return (
    [`# Measurements`, head.join('\n'), ...sections.map(({ title, body }) => `## ${title}\n\n${body}`)].join('\n\n') +
    '\n'
  );
}

/** A file for the figures of the run that begins, in bench/results, which git ignores. */
export function newFile() {
  const folder = join(root, 'bench/results');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
}

export function keepJson(file, content) {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** An earlier run's figures. Throws where they are of another processor, beside which those of this run would mean nothing. */
export function earlierRun(file, machine) {
  let run;
  try {
    run = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SetupError(`--with ${file} cannot be read: ${error.message}`);
  }
  if (run?.results === undefined)
    throw new SetupError(`--with ${file} is no file of figures: give one of bench/results.`);
  if (run.machine.processor !== machine.processor)
    throw new SetupError(`The figures of ${file} are of another processor, ${run.machine.processor}.`);
  return run;
}

/** The page of a kind of processor: figures of two kinds mean nothing beside each other. */
export function resultsPage({ processor }) {
  const words = processor.replace(/\((R|TM)\)/gi, '').match(/[A-Za-z]+/g) ?? ['unknown'];
  return `RESULTS-${words.slice(0, 2).join('-')}.md`;
}

export function keepPage(text, name) {
  const file = join(root, 'bench', name);
  writeFileSync(file, text);
  return file;
}
