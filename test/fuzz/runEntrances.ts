/** npm run fuzz:entrances: many more inputs than the ordinary tests have time for. */
import { parseArgs } from 'node:util';
import { entrances } from './entrances';
import { fuzz } from './judge';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '10000' }, seed: { type: 'string' } } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`seed ${seed}\n`);
  for (const format of entrances.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const began = performance.now();
    const { accepted, refused } = await fuzz(format, Number(values.count), seed);
    process.stdout.write(`${format.name.padEnd(22)} ${accepted} accepted, ${refused} refused, ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
