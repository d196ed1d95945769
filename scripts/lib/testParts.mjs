// The suites whose tests run in several processes, so that these can run side by side: which folders of a suite are a part of their own.

/** What is in none of the other parts. */
const rest = 'rest';

/** Suite → its parts, each a folder in test/SUITE or the rest → about how many seconds its tests take, waiting included. */
export const testParts = {
  unit: { engine: 65, core: 45, [rest]: 50 },
  engine: { cli: 20, faults: 70, [rest]: 60 },
};

/**
 * The parts of a folder of tests, each with its files; one part, `all`, of a folder that is not divided.
 * @param {string[]} files the folder's, relative to it, with `/`
 */
export function partsOf(folder, files) {
  const names = Object.keys(testParts[folder] ?? {});
  if (names.length === 0) return [{ part: 'all', files }];
  const partOf = (file) => names.find((name) => name !== rest && file.startsWith(`${name}/`)) ?? rest;
  return names.map((part) => ({ part, files: files.filter((file) => partOf(file) === part) }));
}
