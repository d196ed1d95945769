// The panel's page in a browser without a graphics processor: frames as fast as it draws them, and zooming.
import { figureTable } from '../lib/figures.mjs';
import { startPage } from '../lib/sides.mjs';
import { ensureSystemParts } from '../../scripts/lib/system.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'The page';

/** Drawn in a second or two. */
const framesAtATime = 60;
const turnsOfTheWheel = 24;
/** Frames a second, milliseconds of script a frame, of the thread a frame, of script a picture while zooming. */
const bars = { frames: 30, script: 8, thread: 33, zoom: 33 };

/** `{ now, before }`: for each build a list of rounds, `{ 1: frame times, 2: frame times, zoom }`, at one and at two device pixels. */
export async function measure({ before, timing, say }) {
  await ensureSystemParts(['chromium']);
  const builds = { now: startPage(), ...(before && { before: startPage(before.root) }) };
  const frames = Math.max(15, Math.round(framesAtATime * timing.turn));
  const rounds = Object.fromEntries(Object.keys(builds).map((name) => [name, []]));
  for (let round = 0; round < timing.rounds; round++) {
    for (const [name, page] of Object.entries(builds)) {
      const measured = {};
      for (const scale of [1, 2]) {
        const { seconds, script, thread } = await page.ask('stream', { scale, frames });
        measured[scale] = { rate: frames / seconds, script: script / frames, thread: thread / frames };
      }
      measured.zoom = median((await page.ask('zoom', { turns: turnsOfTheWheel })).milliseconds);
      rounds[name].push(measured);
    }
  }
  for (const page of Object.values(builds)) await page.end();
  const now = (pick) => median(rounds.now.map(pick)).toFixed(1);
  say(
    title,
    `${now((round) => round[1].rate)} frames/s, ${now((round) => round[1].script)} ms of script each; ${now((round) => round.zoom)} ms a picture while zooming`,
  );
  return rounds;
}

export function report({ now, before }, { beforeName }) {
  const figure = (what, unit, pick, bar, others = {}) => ({
    what,
    unit,
    values: now.map(pick),
    ...(before && { before: before.map(pick) }),
    bar,
    ...others,
  });
  const at = (scale) => [
    figure(
      `frames/s, ${pixels(scale)}`,
      '',
      (round) => round[scale].rate,
      scale === 1 ? { least: bars.frames } : null,
      { isRate: true },
    ),
    figure(`script a frame, ${pixels(scale)}`, 'ms', (round) => round[scale].script, { under: bars.script }),
    figure(
      `the page’s thread a frame, ${pixels(scale)}`,
      'ms',
      (round) => round[scale].thread,
      scale === 1 ? { under: bars.thread } : null,
    ),
  ];
  const figures = [
    ...at(1),
    ...at(2),
    figure('script a picture, zooming in 100,000 × 512', 'ms', (round) => round.zoom, { under: bars.zoom }),
  ];
  return `Frames of T 512, H 256, L 3, each sent when the one before is drawn. Times of script and thread are processor time.\n\n${figureTable(figures, beforeName)}`;
}

function pixels(scale) {
  return scale === 1 ? 'one device pixel' : 'two device pixels';
}
