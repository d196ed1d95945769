// npm run bench: measures Backflow side by side with PyTorch, and with the build before. See `usage` and README.md.
import { availableParallelism } from 'node:os';
import { oneOf, readOptions, wholeNumber } from '../scripts/lib/options.mjs';
import { stopAll } from '../scripts/lib/processes.mjs';
import { SetupError, main, say } from '../scripts/lib/say.mjs';
import { grid, kindGrid } from './grid.mjs';
import { buildBefore } from './lib/before.mjs';
import { describeMachine } from './lib/machine.mjs';
import { build, startOurs, startPeer } from './lib/sides.mjs';
import { earlierRun, keepJson, keepPage, newFile, page, resultsPage } from './lib/results.mjs';
import * as attention from './parts/attention.mjs';
import * as curve from './parts/curve.mjs';
import * as editor from './parts/editor.mjs';
import * as graph from './parts/graph.mjs';
import * as inspectedKinds from './parts/inspectedKinds.mjs';
import * as inspection from './parts/inspection.mjs';
import * as kernels from './parts/kernels.mjs';
import * as limit from './parts/limit.mjs';
import * as long from './parts/long.mjs';
import * as length from './parts/length.mjs';
import * as memory from './parts/memory.mjs';
import * as minimal from './parts/minimal.mjs';
import * as opening from './parts/opening.mjs';
import * as pagePart from './parts/page.mjs';
import * as packed from './parts/packed.mjs';
import * as playground from './parts/playground.mjs';
import * as profile from './parts/profile.mjs';
import * as recording from './parts/recording.mjs';
import * as remedies from './parts/remedies.mjs';
import * as sampling from './parts/sampling.mjs';
import * as shortfall from './parts/shortfall.mjs';
import * as spectra from './parts/spectra.mjs';
import * as stateSpace from './parts/stateSpace.mjs';
import * as training from './parts/training.mjs';
import * as vanishing from './parts/vanishing.mjs';

const usage = `npm run bench -- [PART …] [options]

Parts, all but the profile without a name:
  training    training steps, beside PyTorch
  packed      training steps on sequences of many lengths, beside PyTorch's packed ones
  vanishing   what numbers near the least that float32 has cost a training step
  curve       what a training step costs by streams, steps, units and layers, beside PyTorch
  memory      the most memory that a process takes which trains, beside PyTorch's
  minimal     training steps of minGRU and minLSTM, beside PyTorch's scan and loop
  attention   training steps of attention, beside PyTorch's fused one
  stateSpace  training steps of Mamba, beside transformers (not among the standard parts: its Python needs transformers)
  limit       what ONNX Runtime's matrix product reaches, and what share of it each side
  shortfall   why a bar of the training is missed: what it would take of the limit, and where our time goes
  graph       a look at 256 tokens with models in graph mode, whole processes
  inspectedKinds  frames of every kind of layer, and the input matrix of attention beside PyTorch's backward passes
  spectra     Lyapunov exponents, beside PyTorch's loop of Jacobians and QR, and of a random network (not among the standard parts)
  inspection  a frame and the source × target matrix of a probe, and what frames cost training
  recording   what recording gradients and gates costs a training step
  remedies    what Ω, flossing and the cap of the spectral radius cost a training step (not among the standard parts)
  kernels     training by the kernels alone, beside ONNX Runtime
  long        full backpropagation over long texts: time and memory
  length      what a token of a text costs the kinds with a state, by the length of the text
  opening     opening a model of another tool: time, memory, and a look at a probe
  page        the page: frames a second, script a frame, zooming
  editor      the extension in an editor: activation, first frame, hovers, tints, and what its host is busy with
  playground  the playground's answers
  sampling    what watching samples costs a training step
  profile     where the time of our training step goes

Options:
  --python PATH  a Python with PyTorch 1.13 or later to compare with; may be given again (default: python3)
  --alone        training without PyTorch beside it
  --compile      also what torch.compile makes of the kinds' models, which takes it minutes
  --before REF   a revision of this project, as "main" or "HEAD~3": page, editor, playground, sampling and training are measured beside its build
  --node PATH    the Node.js that runs our side (default: this one)
  --threads N    threads of our side (default: the engine's choice)
  --only TEXT    only rows whose names contain the text, as "lstm" or "H 256"; may be given again
  --rounds N     rounds of a second for each side (default: 7)
  --quick        three short rounds instead of seven longer ones: a first impression
  --with FILE    the other parts' figures, from the file of an earlier run on this machine in bench/results
  --publish      also writes the page of this kind of processor, as bench/RESULTS-Intel-Xeon.md`;

const parts = {
  training,
  packed,
  vanishing,
  curve,
  memory,
  minimal,
  attention,
  stateSpace,
  limit,
  shortfall,
  inspection,
  graph,
  inspectedKinds,
  spectra,
  recording,
  remedies,
  kernels,
  long,
  length,
  opening,
  page: pagePart,
  editor,
  playground,
  sampling,
  profile,
};
const standard = [
  'training',
  'packed',
  'vanishing',
  'curve',
  'memory',
  'minimal',
  'attention',
  'limit',
  'shortfall',
  'inspection',
  'graph',
  'inspectedKinds',
  'recording',
  'kernels',
  'long',
  'length',
  'opening',
  'page',
  'editor',
  'playground',
  'sampling',
];

/** `turn`: seconds that one side runs before the next one does. */
const quickTiming = { rounds: 3, turn: 0.25 };

const options = {
  python: { type: 'string', multiple: true, default: ['python3'] },
  alone: { type: 'boolean', default: false },
  compile: { type: 'boolean', default: false },
  before: { type: 'string' },
  node: { type: 'string', default: process.execPath },
  threads: { type: 'string' },
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string', default: '7' },
  quick: { type: 'boolean', default: false },
  with: { type: 'string' },
  publish: { type: 'boolean', default: false },
};

function parse() {
  const given = readOptions({ command: 'npm run bench', usage, options, allowPositionals: true });
  if (given === null) return null;
  const { positionals, rounds, quick, ...values } = given;
  for (const name of positionals) oneOf('part', name, Object.keys(parts));
  const isWanted = ({ name }) => values.only.length === 0 || values.only.some((text) => name.includes(text));
  const [rows, kinds] = [grid.filter(isWanted), kindGrid.filter(isWanted)];
  if (rows.length === 0 && kinds.length === 0)
    throw new SetupError(`No row of the grid contains "${values.only.join('" or "')}".`);
  if (values.threads !== undefined) wholeNumber('threads', values.threads, { max: 256 });
  const timing = { rounds: wholeNumber('rounds', rounds), turn: 1 };
  const names = positionals.length > 0 ? positionals : standard;
  return { ...values, quick, timing: quick ? quickTiming : timing, names, rows, kinds };
}

async function bench() {
  const asked = parse();
  if (asked === null) return 0;
  const { names, rows, kinds, only, python, alone, before: revision, publish, quick, with: other, ...chosen } = asked;
  const machine = describeMachine();
  const earlier = other === undefined ? null : earlierRun(other, machine);
  try {
    await build();
    const ours = startOurs(chosen);
    const before = revision === undefined ? null : await startBefore(revision, chosen);
    const peers =
      ['training', 'packed', 'curve', 'memory', 'minimal', 'attention', 'stateSpace', 'inspectedKinds', 'spectra'].some(
        (name) => names.includes(name),
      ) && !alone
        ? await Promise.all(python.map(startPeer))
        : [];
    const head = {
      date: new Date().toISOString().slice(0, 10),
      machine,
      ours: await ours.ask('describe'),
      before: before && { name: before.name, isForeign: before.isForeign },
      peers: peers.length > 0 || !earlier ? peers.map(({ description }) => description) : earlier.peers,
      quick,
      only,
    };
    const results = { ...earlier?.results, beforeName: before?.name ?? earlier?.results.beforeName ?? null };
    const file = newFile();
    for (const name of names) {
      results[name] = await parts[name].measure(
        { ...chosen, python, ours, before, peers, rows, kinds, only, cores: availableParallelism(), quick, say },
        results,
      );
      // Each at once: an interrupted run keeps what it has, and another can go on --with it.
      keepJson(file, { ...head, results });
    }
    const shown = Object.keys(parts).filter((name) => name in results);
    const text = page(
      head,
      shown.map((name) => ({ title: parts[name].title, body: parts[name].report(results[name], results) })),
      earlier && {
        date: earlier.date,
        load: earlier.machine.load,
        parts: shown.filter((name) => !names.includes(name)),
      },
    );
    process.stdout.write(`\n${text}`);
    say('written', file);
    if (publish) say('written', keepPage(text, resultsPage(machine)));
    return 0;
  } finally {
    await stopAll();
  }
}

/** The build before, and its side of the measurements. */
async function startBefore(revision, { node, threads }) {
  const before = await buildBefore(revision);
  return { ...before, ours: startOurs({ node, threads, build: before.root }) };
}

await main(bench);
