// The extension in a real editor: what a person waits for, and what it takes of the editor's own host.
import { measureInHost, measureInWindow, prepareEditors } from '../lib/editors.mjs';
import { figureTable } from '../lib/figures.mjs';
import { median, percentile } from '../lib/statistics.mjs';
import { root } from '../../scripts/lib/stamps.mjs';

export const title = 'The extension in an editor';

/** Milliseconds; `busyHovering` while it scrolls and hovers as well. */
const bars = { activation: 50, firstFrame: 3000, busy: 50, late: 50, busyHovering: 20, hover: 50, keyToTint: 50 };
/** Frames a second while training: far under what is seen, far over a stall. */
const minFrames = 5;
/** Milliseconds of a picture of the screen: what the cursor's own move takes on a free machine. */
const picture = 17;
const most = 5;
/** What one round does. */
const amounts = { hovers: 60, seconds: 10, keys: 15 };
const fewer = { hovers: 20, seconds: 6, keys: 6 };

/** `{ now, before }`: for each build a list of rounds, `{ host, live, tints }`. An editor takes its time, so there are five rounds at most. */
export async function measure({ before, timing, quick, say }) {
  await prepareEditors();
  const { hovers, seconds, keys } = quick ? fewer : amounts;
  const builds = { now: { root }, ...(before && { before }) };
  const rounds = Object.fromEntries(Object.keys(builds).map((name) => [name, []]));
  const count = quick ? 1 : Math.min(most, timing.rounds);
  for (let round = 0; round < count; round++) {
    for (const [name, build] of Object.entries(builds)) {
      const host = await measureInHost(build, hovers);
      const live = await measureInWindow(build, 'live', { seconds });
      const tints = await measureInWindow(build, 'keyToTint', { keys });
      rounds[name].push({ host, live, tints });
      say(
        `${title}, ${name}`,
        `activation ${host.activation.took.toFixed(0)} ms, first frame ${live.firstFrame} ms, ${live.framesPerSecond.toFixed(1)} frames/s, key to tint ${median(tints.tint).toFixed(0)} ms`,
      );
    }
  }
  return rounds;
}

const half = (pick) => (round) => median(pick(round));
const tail = (pick) => (round) => percentile(pick(round), 0.95);
const paused = ({ host }) => host.hovers.paused;
const training = ({ host }) => host.hovers.training;
const atOnce = ({ host }) => host.hovers.atOnce;

/** What is measured in milliseconds: its name, how a round says it, its bar. */
const times = [
  ['activation, loading included', ({ host }) => host.activation.took, bars.activation],
  ['… of it processor time of all the host’s threads', ({ host }) => host.activation.used, null],
  ['first frame, on a text of 1 MB', ({ live }) => live.firstFrame, bars.firstFrame],
  ['hover, paused: half of them within', half(paused), null],
  ['… 95 of 100 within', tail(paused), bars.hover],
  ['hover, training: half of them within', half(training), null],
  ['… 95 of 100 within', tail(training), null],
  ['… one that is answered at once: half of them within', half(atOnce), null],
  ['… 95 of 100 within', tail(atOnce), null],
  [
    '… 95 of 100, beyond one that is answered at once',
    (round) => tail(training)(round) - tail(atOnce)(round),
    bars.hover,
  ],
  ['key to tint, 256 tokens, H 128', half(({ tints }) => tints.tint), null],
  ['… to the cursor’s own move', half(({ tints }) => tints.cursor), null],
  [
    `… less what that is late, beyond ${picture} ms`,
    ({ tints }) => median(tints.tint) - Math.max(0, median(tints.cursor) - picture),
    bars.keyToTint,
  ],
  ['host, training and drawing: longest computation', ({ live }) => live.busy.busiest, bars.busy],
  [
    '… event loop late, 99 of 100, beyond an idle process at most',
    ({ live }) => Math.max(0, live.busy.p99 - live.machine),
    bars.late,
  ],
  ['… nothing to do: longest computation', ({ live }) => live.idle.busiest, null],
  ['host, training, scrolling and hovering: longest computation', ({ host }) => host.hovers.busiest, bars.busyHovering],
];

export function report({ now, before }, { beforeName }) {
  const figure = (what, unit, pick, bar, others = {}) => ({
    what,
    unit,
    values: now.map(pick),
    ...(before && { before: before.map(pick) }),
    bar,
    ...others,
  });
  const figures = [
    ...times.map(([what, pick, bar]) => figure(what, 'ms', pick, bar === null ? null : { under: bar })),
    figure(
      'frames/s while training, everything on these cores',
      '',
      ({ live }) => live.framesPerSecond,
      { least: minFrames },
      { isRate: true },
    ),
  ];
  return `In a Code server, whose window a browser without a graphics processor draws, on the same cores as the training. Hovers on a text of 10 MB, H 128.\n\n${figureTable(figures, beforeName)}`;
}
