/** The command line in Korean: chosen by the locale, and nothing left in English. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { readCommand } from '../../../src/terminal/commandLine';
import { languageOf, localize, setLanguage } from '../../../src/terminal/language';
import { commands, UsageError } from '../../../src/terminal/options';

/** Words that a person reads, not names of options, files or fields. */
const prose = /[A-Za-z]{2,}[,.:;]? [a-z]{2,}/;

/** Every literal of src/terminal that is prose: it has no key, so nobody translates it. */
function unsaid(): string[] {
  const found: string[] = [];
  for (const file of readdirSync('src/terminal').filter((name) => name.endsWith('.ts'))) {
    const source = ts.createSourceFile(
      file,
      readFileSync(join('src/terminal', file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node)) {
        if (prose.test(node.text) && !ts.isImportDeclaration(node.parent) && !isUsage(node))
          found.push(`${file}: ${node.text}`);
      } else if (ts.isTemplateExpression(node)) {
        const text = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x');
        if (prose.test(text) && !text.startsWith('backflow: x')) found.push(`${file}: ${text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** `backflow train CORPUS [options]` is the same in every language. */
function isUsage(node: ts.StringLiteralLike): boolean {
  return node.text.startsWith('backflow ');
}

describe('the command line in Korean', () => {
  afterEach(() => setLanguage('en'));

  it('says nothing that has no key', () => {
    assert.deepEqual(unsaid(), []);
  });

  it('is chosen by LC_ALL, then LC_MESSAGES, then LANG', () => {
    assert.equal(languageOf({}), 'en');
    assert.equal(languageOf({ LANG: 'ko_KR.UTF-8' }), 'ko');
    assert.equal(languageOf({ LANG: 'ko' }), 'ko');
    assert.equal(languageOf({ LANG: 'kok_IN' }), 'en');
    assert.equal(languageOf({ LANG: 'ko_KR.UTF-8', LC_ALL: 'en_US.UTF-8' }), 'en');
    assert.equal(languageOf({ LANG: 'en_US.UTF-8', LC_MESSAGES: 'ko_KR.UTF-8' }), 'ko');
    assert.equal(languageOf({ LANG: 'ko_KR.UTF-8', LC_ALL: '' }), 'ko');
  });

  it('says help and refusals in Korean, options and their names as they are', () => {
    setLanguage('ko');
    for (const name of Object.keys(commands)) {
      const command = readCommand([name, '--help'], new Date(0));
      assert.ok(command.kind === 'help');
      assert.match(command.text, /^사용법: backflow /);
      const texts = command.text
        .split('\n')
        .filter((line) => /^ {2}--/.test(line))
        .map((line) => line.replace(/^ {2}--\S+( [A-Z]+)? +/, ''));
      for (const text of texts) assert.match(text, /[가-힣]|^\(\d+\)$/, text);
    }
    assert.throws(
      () => readCommand(['train', 'x.txt', '--layers', '0'], new Date(0)),
      (error) =>
        error instanceof UsageError &&
        error.message === '--layers의 값이 "0"입니다. 쓸 수 있는 값은 1에서 24까지의 정수입니다.',
    );
  });

  it('says what the engine refuses in Korean too', () => {
    setLanguage('ko');
    assert.equal(localize('error.vocabulary.symbolTwice', 'x'), '어휘에 기호 “x”이(가) 두 번 있습니다.');
  });
});
