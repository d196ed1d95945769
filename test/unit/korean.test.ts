import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellNames, kindOf } from '../../src/layers/catalog';
import { englishPageStrings } from '../../src/pageContract/pageStrings';

// npm and mocha run at the project's root.
const readStrings = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
const korean = readStrings('l10n/bundle.l10n.ko.json');

/** Every sentence the extension or the engine can say: the first argument of `l10n.t`, `t` and `UserError`, and templates. */
function spokenSentences(): Map<string, string> {
  const sentences = new Map<string, string>();
  const call = /(?:l10n\.t\(|[^\w.]t\(|new UserError\(|template:)\s*'((?:[^'\\\n]|\\.)*)'/g;
  for (const folder of ['src/core', 'src/layers', 'src/formats', 'src/modelFiles', 'src/engine', 'src/editor', 'src/protocol', 'src/pageContract']) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    for (const file of files) {
      for (const [, literal] of readFileSync(join(folder, file), 'utf8').matchAll(call)) {
        const text = literal.replace(/\\(.)/g, '$1');
        // A template of places alone passes on a sentence from elsewhere.
        if (/[A-Za-z]{2}/.test(text)) sentences.set(text, file);
      }
    }
  }
  for (const kind of cellNames.map(kindOf)) {
    if (kind.title !== kind.label) sentences.set(kind.title, kind.name);
    for (const why of Object.values(kind.notApplicable)) sentences.set(why, kind.name);
  }
  for (const text of Object.values(englishPageStrings)) if (/[A-Za-z]{2}/.test(text)) sentences.set(text, 'pageStrings.ts');
  return sentences;
}

/** The places of a template, sorted; a translation may use them in another order. */
function places(text: string): string[] {
  return (text.match(/\{\d+\}/g) ?? []).sort();
}

describe('the Korean texts', () => {
  it('have every sentence that can be said, and none that no longer is', () => {
    const spoken = spokenSentences();
    assert.ok(spoken.size > 150, 'the sentences were found');
    assert.deepEqual([...spoken].filter(([text]) => !Object.hasOwn(korean, text)), []);
    assert.deepEqual(Object.keys(korean).filter((text) => /[A-Za-z]{2}/.test(text) && !spoken.has(text)), []);
  });

  it('leave out no number or name of a sentence', () => {
    for (const [english, text] of Object.entries(korean)) assert.deepEqual(new Set(places(text)), new Set(places(english)), english);
  });

  it('cover the manifest, as the English ones do', () => {
    const used = [...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key).sort();
    assert.ok(used.length > 50);
    assert.deepEqual(Object.keys(readStrings('package.nls.json')).sort(), [...new Set(used)]);
    assert.deepEqual(Object.keys(readStrings('package.nls.ko.json')).sort(), [...new Set(used)]);
  });
});
