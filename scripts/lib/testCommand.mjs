// npm test: sets up what the chosen suites need, runs them side by side, and sums up.
import { availableParallelism } from 'node:os';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installCodeServer } from './codeServer.mjs';
import { runInLanes } from './lanes.mjs';
import { oneOf, readOptions, wholeNumber } from './options.mjs';
import { untilInterrupted } from './processes.mjs';
import { buildProject, installDependencies } from './project.mjs';
import { main, say } from './say.mjs';
import { cacheFolder, root } from './stamps.mjs';
import { suites } from './suites.mjs';
import { ensureSystemParts, toTest } from './system.mjs';

const usage = `npm test -- [SUITE …] [--quick] [--grep TEXT] [--lanes N] [--pictures]

  lint     types, boundaries between the programs, and habits
  unit     the mathematics and the files, in Node
  engine   the engine's process, started as the editor starts it
  webview  the page, in a real browser
  host     the extension, inside a real extension host
  lowest   the same, in the lowest supported editor
  window   the editor as a person uses it, in a real browser
  default  the same with what is usual: folders asked about, notifications shown, two windows at once; and what npm start opens
  package  the packages: what is in them, and the one for this machine installed in the newest and the lowest editor
  soak     a window in use for six rounds, or for BACKFLOW_SOAK_MINUTES: nothing grows, no engine outlives it
  editor   host, window and default

Without a name, all of them. --quick is lint, unit and engine. --grep: only tests whose titles contain the text. --lanes: how many suites, or parts of
suites, run side by side (3, or 1 where there is one processor); with 1, each says at once what it does. BACKFLOW_TEST_EDITOR=desktop runs "host" in a downloaded Visual Studio Code.`;

const quick = ['lint', 'unit', 'engine'];
/** Suites or parts side by side: three keep two processors busy, since those with an editor wait as long as they compute. More would wait for each other. */
const lanesOfMany = 3;
/** Milliseconds for a suite to end its browsers and servers before it is made to. */
const grace = 15_000;
/** Of a failure's message, in the summary; the whole stands in the suite's own report. */
const maxLines = 12;
const results = join(cacheFolder, 'results');

export function start(args) {
  return main(async () => {
    const asked = parse(args);
    if (asked === null) return 0;
    const { names, grep, lanes, pictures } = asked;
    if (pictures) process.env.BACKFLOW_PICTURES = '1';
    if (grep !== undefined) process.env.BACKFLOW_TEST_GREP = grep;
    return untilInterrupted(() => runSuites(chosen(names), lanes), { grace });
  });
}

function parse(args) {
  const options = {
    grep: { type: 'string' },
    quick: { type: 'boolean' },
    pictures: { type: 'boolean' },
    lanes: { type: 'string' },
  };
  const given = readOptions({ command: 'npm test', usage, options, args, allowPositionals: true });
  if (given === null) return null;
  const usual = availableParallelism() > 1 ? lanesOfMany : 1;
  const lanes = given.lanes === undefined ? usual : wholeNumber('lanes', given.lanes);
  const { grep, pictures = false } = given;
  return { grep, pictures, names: given.quick ? [...quick, ...given.positionals] : given.positionals, lanes };
}

/** The suites' names, in their order. */
function chosen(asked) {
  const names = asked.flatMap((name) => (name === 'editor' ? ['host', 'window', 'default'] : [name]));
  for (const name of names) oneOf('suite', name, [...Object.keys(suites), 'editor']);
  return Object.keys(suites).filter((name) => names.length === 0 || names.includes(name));
}

async function runSuites(names, lanes) {
  await installDependencies();
  if (names.some((name) => suites[name].browser)) await ensureSystemParts(toTest);
  for (const release of new Set(names.flatMap((name) => suites[name].editors ?? []))) await installCodeServer(release);
  const built = names.some((name) => name !== 'lint') ? buildProject({ tests: true }) : Promise.resolve();
  // Lint reads sources, and is done with most of them before the bundles are there.
  const before = (name) => (name === 'lint' ? null : built);
  if (lanes === 1) await built;
  mkdirSync(results, { recursive: true });
  const jobs = names.flatMap(jobsOf);
  for (const { file } of jobs) rmSync(file, { force: true });
  const ended = await runInLanes(
    jobs.map((job) => ({ ...job, after: before(job.suite) })),
    { lanes, cwd: root, began: (name) => say(name, 'begins') },
  );
  const outcomes = jobs.map((job, i) => ({ ...job, ...ended[i], ...outcomeOf(job.file, ended[i].code) }));
  return summary(
    names.map((name) =>
      together(
        name,
        outcomes.filter(({ suite }) => suite === name),
      ),
    ),
  );
}

/** One for a suite, or one for each of its parts. */
function jobsOf(suite) {
  const { seconds, parts = { '': seconds } } = suites[suite];
  return Object.entries(parts).map(([part, seconds]) => {
    const file = join(results, `${[suite, ...(part ? [part] : [])].join('.')}.outcome.json`);
    const name = part ? `${suite}/${part}` : suite;
    const command = [process.execPath, join(root, 'scripts/suite.mjs'), file, suite, ...(part ? [part] : [])];
    return { suite, name, seconds, file, command };
  });
}

/** What a job left behind; one that left nothing has failed, whatever its exit code. */
function outcomeOf(file, code) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, problem: `it ended by itself with exit code ${code}` };
  }
}

/** A suite's outcome, of those of its jobs. */
function together(name, outcomes) {
  const problems = outcomes.flatMap(({ problem }) => problem ?? []);
  const time = Math.max(...outcomes.map(({ end }) => end)) - Math.min(...outcomes.map(({ start }) => start));
  const isCounted = outcomes[0].passed !== undefined;
  const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  if (isCounted && problems.length === 0 && sum('passed') === 0) problems.push('no test ran');
  return {
    name,
    ...(isCounted ? { passed: sum('passed'), failed: sum('failed') } : {}),
    failures: outcomes.flatMap(({ failures = [] }) => failures),
    problem: problems.length === 0 ? null : [...new Set(problems)].join('; '),
    time: `${(time / 1000).toFixed(0)} s`,
  };
}

function summary(results) {
  process.stdout.write('\n');
  for (const { name, passed, failed, problem, time } of results) {
    const counted = passed === undefined ? '' : `${passed} passed, ${failed} failed, `;
    say(name.padEnd(8), `${counted}${time}${problem === null ? '' : `: ${problem}`}`);
  }
  // Once more, for a reader who looks only at the end.
  for (const { name, failures } of results) {
    for (const { title, message } of failures) process.stdout.write(`\n${name}: ${title}\n${firstLines(message)}\n`);
  }
  const sum = (key) => results.reduce((total, result) => total + (result[key] ?? 0), 0);
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  return results.some(({ problem }) => problem !== null) ? 1 : 0;
}

function firstLines(message) {
  const lines = message.split('\n');
  const shown = lines.slice(0, maxLines).map((line) => `    ${line}`);
  return [...shown, ...(lines.length > maxLines ? ['    …'] : [])].join('\n');
}
