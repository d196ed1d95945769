/** The packages hold what the extension needs on their platform, and nothing else. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../package.json';
import { filesOf } from './support/vsix';

const packages = process.env['BACKFLOW_PACKAGES'] ?? 'packages';

/** The same in every package. */
const common = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/NOTICES',
  'extension/SECURITY.md',
  'extension/changelog.md',
  'extension/dist/cli.js',
  'extension/dist/engine.js',
  'extension/dist/extension.js',
  'extension/dist/runtime.js',
  'extension/dist/hdf5.js',
  'extension/dist/tokenizers.js',
  'extension/dist/webview/model.css',
  'extension/dist/webview/notebook.js',
  'extension/dist/webview/page.css',
  'extension/dist/webview/page.js',
  'extension/l10n/bundle.l10n.json',
  'extension/l10n/bundle.l10n.ko.json',
  'extension/package.json',
  'extension/package.nls.json',
  'extension/package.nls.ko.json',
  'extension/readme.md',
  ...readdirSync('python/backflow_recorder')
    .filter((name) => name.endsWith('.py'))
    .map((name) => `extension/python/backflow_recorder/${name}`),
];

/** Pictures and sample texts come and go; what they may be does not. */
const media = /^extension\/media\/([\w-]+\/)?[\w-]+\.(svg|png|txt|md)$/;

const runtimeScripts =
  /^extension\/node_modules\/(onnxruntime-common\/(package\.json|dist\/cjs\/(package\.json|[\w-]+\.js))|onnxruntime-node\/(package\.json|dist\/[\w-]+\.js))$/;

const natives: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux/x64/libonnxruntime.so.1', 'linux/x64/onnxruntime_binding.node'],
  'linux-arm64': ['linux/arm64/libonnxruntime.so.1', 'linux/arm64/onnxruntime_binding.node'],
  'win32-x64': ['win32/x64/onnxruntime.dll', 'win32/x64/onnxruntime_binding.node'],
  'win32-arm64': ['win32/arm64/onnxruntime.dll', 'win32/arm64/onnxruntime_binding.node'],
  'darwin-arm64': ['darwin/arm64/libonnxruntime.1.dylib', 'darwin/arm64/onnxruntime_binding.node'],
  universal: [],
};

/** A third of the universal one is the reader of HDF5, which is WebAssembly. */
const maxBytes: Readonly<Record<string, number>> = { universal: 4e6 };
const maxBytesOfOthers = 30e6;

describe('the packages', () => {
  it('are one for each platform with ONNX Runtime, a universal one, and the recorder’s wheel', () => {
    const extensions = Object.keys(natives).map((platform) => `backflow-${platform}-${version}.vsix`);
    const expected = [...extensions, `backflow_recorder-${version}-py3-none-any.whl`];
    assert.deepEqual(readdirSync(packages).sort(), expected.sort());
  });

  for (const [platform, own] of Object.entries(natives)) {
    it(`${platform}: its own native files and no others, nothing that is not needed`, () => {
      const file = join(packages, `backflow-${platform}-${version}.vsix`);
      const paths = filesOf(file).map(({ path }) => path);
      const binaries = own.map((path) => `extension/node_modules/onnxruntime-node/bin/napi-v6/${path}`);
      const listed = paths.filter((path) => !media.test(path) && !runtimeScripts.test(path));
      assert.deepEqual(listed.sort(), [...common, ...binaries].sort());
      assert.equal(
        paths.some((path) => runtimeScripts.test(path)),
        own.length > 0,
        'the runtime’s scripts come with its native files',
      );
      const { size } = statSync(file);
      assert.ok(size <= (maxBytes[platform] ?? maxBytesOfOthers), `${size} bytes`);
    });
  }

  it('say the licenses of all that others have written', () => {
    execFileSync(process.execPath, ['scripts/notices.mjs', '--check'], { stdio: 'pipe' });
  });
});
