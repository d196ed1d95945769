// Writes NOTICES: the licenses of everything in the packages that others have written.
//   npm run notices [-- --check]      --check writes nothing, and fails where the file is not up to date
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProject, installDependencies } from './lib/project.mjs';
import { SetupError, main, say } from './lib/say.mjs';
import { root } from './lib/stamps.mjs';

const file = join(root, 'NOTICES');

/** Beside what the bundler finds: the native runtime, what the build turns into tables and WebAssembly, and what is in a thread's program. */
const others = [
  'onnxruntime-node',
  'onnxruntime-common',
  'assemblyscript',
  'd3-scale-chromatic',
  'h5wasm',
  'jsfive/node_modules/pako',
].map((name) => `node_modules/${name}`);

/** Whose package carries no text of its license: who holds the copyright. */
const withoutText = {
  '@microsoft/fast-element': 'Microsoft Corporation',
  '@microsoft/fast-foundation': 'Microsoft Corporation',
  '@microsoft/fast-web-utilities': 'Microsoft Corporation',
  'onnxruntime-node': 'Microsoft Corporation',
  'onnxruntime-common': 'Microsoft Corporation',
};

/** What a native library is made of, its own package does not list. */
const within = {
  'onnxruntime-node': (version) =>
    `The library contains the work of others in turn; their notices: https://github.com/microsoft/onnxruntime/blob/v${version}/ThirdPartyNotices.txt`,
};

/** Licenses that let us ship the work; another one has to be looked at by a person. */
const accepted = ['MIT', 'ISC', '0BSD', 'BSD-3-Clause', 'Apache-2.0', '(MIT AND Zlib)'];

/** Whose package.json names no license but a file: looked at by a person, who found it to be this. */
const namedByPeople = {
  h5wasm: 'NIST public domain; HDF5: BSD-3-Clause',
  jsfive: 'public domain; pyfive: BSD-3-Clause',
};

await main(async () => {
  await installDependencies();
  await buildProject();
  const text = noticesText();
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
    say('NOTICES', 'written');
  } else if (readFileSync(file, 'utf8') !== text) {
    throw new SetupError('NOTICES is not up to date; write it anew with "npm run notices".');
  }
  return 0;
});

function noticesText() {
  const bundled = JSON.parse(readFileSync(join(root, 'dist/contents.json'), 'utf8'));
  const works = [...new Set([...bundled, ...others])].map(workIn).sort((a, b) => (a.title < b.title ? -1 : 1));
  const head = 'Backflow contains work of others, under these licenses. Backflow itself is under the one in LICENSE.\n';
  return [
    head,
    ...works.map(({ title, license, text }) => `${'─'.repeat(80)}\n${title} (${license})\n\n${text}\n`),
  ].join('\n');
}

function workIn(folder) {
  const { name, version, license: said } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const license = namedByPeople[name] ?? said;
  if (!accepted.includes(said) && !namedByPeople[name])
    throw new SetupError(
      `${name} is under the license ${license}; look whether it may be shipped (scripts/notices.mjs).`,
    );
  return {
    title: `${name} ${version}`,
    license: license,
    text: [licenseText(folder, name), ...(within[name] ? [within[name](version)] : [])].join('\n\n'),
  };
}

function licenseText(folder, name) {
  const found = readdirSync(join(root, folder))
    .filter((entry) => /^(licen[cs]e|notice|copyright)(\.\w+)?$/i.test(entry))
    .sort();
  if (found.length > 0)
    return found
      .map((entry) =>
        readFileSync(join(root, folder, entry), 'utf8')
          .replaceAll('\r\n', '\n')
          .trim(),
      )
      .join('\n\n');
  const holder = withoutText[name];
  if (holder === undefined)
    throw new SetupError(`${name} carries no text of its license; say in scripts/notices.mjs who holds the copyright.`);
  return `Copyright (c) ${holder}\n\n${mit()}`;
}

/** The MIT license's own words, as in LICENSE. */
function mit() {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8');
  return text.slice(text.indexOf('Permission is hereby granted')).trim();
}
