/** The command line in Korean: chosen by the locale, and no sentence left out. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { readCommand } from '../../../src/terminal/commandLine';
import { languageOf, say, setLanguage } from '../../../src/terminal/language';
import { commands, UsageError } from '../../../src/terminal/options';

const readStrings = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
const own = readStrings('l10n/terminal.ko.json');
const all = { ...readStrings('l10n/bundle.l10n.ko.json'), ...own };

/** Words that a person reads, not names of options, files or fields. */
const prose = /[A-Za-z]{2,}[,.:;]? [a-z]{2,}/;

/** Every literal of src/terminal: those that are said, and those that are prose all the same. */
function literals(): { said: Map<string, string>; unsaid: string[] } {
  const said = new Map<string, string>();
  const unsaid: string[] = [];
  for (const file of readdirSync('src/terminal').filter((name) => name.endsWith('.ts'))) {
    const source = ts.createSourceFile(file, readFileSync(join('src/terminal', file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node)) {
        if (isSaid(node)) said.set(node.text, file);
        else if (prose.test(node.text) && !ts.isImportDeclaration(node.parent) && !isUsage(node)) unsaid.push(`${file}: ${node.text}`);
      } else if (ts.isTemplateExpression(node)) {
        const text = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('x');
        if (prose.test(text) && !text.startsWith('backflow: x')) unsaid.push(`${file}: ${text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { said, unsaid };
}

/** The first argument of `say`, a noun that is counted, or a text of the options table, which help says. */
function isSaid(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (ts.isCallExpression(parent)) return parent.expression.getText() === 'say' && parent.arguments[0] === node;
  if (ts.isPropertyAssignment(parent)) return ['help', 'summary'].includes(parent.name.getText());
  const list = ts.isArrayLiteralExpression(parent) ? parent.parent : undefined;
  if (list && ts.isPropertyAssignment(list)) return list.name.getText() === 'notes' || node.text.startsWith('{0} ');
  return list !== undefined && ts.isVariableDeclaration(list) && list.name.getText() === 'modelFiles';
}

/** `backflow train CORPUS [options]` is the same in every language. */
function isUsage(node: ts.StringLiteralLike): boolean {
  return node.text.startsWith('backflow ');
}

describe('the command line in Korean', () => {
  afterEach(() => setLanguage('en'));

  it('has every sentence it can say, and none that it no longer says', () => {
    const { said, unsaid } = literals();
    assert.ok(said.size > 120, `${said.size} sentences were found`);
    assert.deepEqual(unsaid, []);
    assert.deepEqual([...said].filter(([text]) => /[A-Za-z]{2}/.test(text) && !Object.hasOwn(all, text)), []);
    assert.deepEqual(Object.keys(own).filter((text) => !said.has(text)), []);
  });

  it('leaves out no number or name of a sentence', () => {
    const places = (text: string) => new Set(text.match(/\{\d+\}/g) ?? []);
    for (const [english, korean] of Object.entries(own)) assert.deepEqual(places(korean), places(english), english);
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
      const texts = command.text.split('\n').filter((line) => /^ {2}--/.test(line)).map((line) => line.replace(/^ {2}--\S+( [A-Z]+)? +/, ''));
      for (const text of texts) assert.match(text, /[가-힣]|^\(\d+\)$/, text);
    }
    assert.throws(
      () => readCommand(['train', 'x.txt', '--layers', '0'], new Date(0)),
      (error) => error instanceof UsageError && error.message === '--layers의 값이 "0"입니다. 쓸 수 있는 값은 1에서 8까지의 정수입니다.',
    );
  });

  it('says what the engine refuses in Korean too', () => {
    setLanguage('ko');
    assert.equal(say('The vocabulary has the symbol “{0}” twice.', 'x'), '어휘에 기호 “x”이(가) 두 번 있습니다.');
  });
});
