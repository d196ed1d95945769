/** Options of kinds: checked wherever they come in, kept where the model is. */
import assert from 'node:assert/strict';
import { plainStack, uniformModel, type StackConfig } from '../../../src/core/model/config';
import { labelWith } from '../../../src/layers/catalog';
import {
  checkOption,
  choicesOf,
  filledOptions,
  optionOfText,
  optionsInWords,
  type OptionDescription,
} from '../../../src/layers/options';
import { configOf, configText } from '../../../src/modelFiles/configText';
import { UserError } from '../../../src/userError';

const help = 'option.positive.help';
const listed: readonly OptionDescription[] = [
  { name: 'biased', type: 'switch', default: true, help },
  { name: 'heads', type: 'number', default: 4, min: 1, max: 64, isWhole: true, help },
  { name: 'theta', type: 'number', default: 1e4, min: 1, max: 1e9, isWhole: false, help },
  { name: 'positions', type: 'choice', default: 'learned', choices: ['learned', 'rotary'], help },
];
const usual = { biased: true, heads: 4, theta: 1e4, positions: 'learned' };

describe('the options of a kind', () => {
  it('are all filled in; what other kinds have is left out', () => {
    assert.deepEqual(filledOptions(listed, {}), usual);
    assert.deepEqual(filledOptions(listed, { heads: 2, positive: true }), { ...usual, heads: 2 });
  });

  it('are refused in a sentence that says what is allowed', () => {
    for (const [name, value, sentence] of [
      ['biased', 1, 'The option “biased” is 1; it must be true or false.'],
      ['heads', 2.5, 'The heads is 2.5; it must be a whole number from 1 to 64.'],
      ['heads', 65, 'The heads is 65; it must be a whole number from 1 to 64.'],
      ['theta', 'x', 'The option “theta” is x; it must be a number from 1 to 1000000000.'],
      ['theta', NaN, 'The option “theta” is null; it must be a number from 1 to 1000000000.'],
      ['positions', 'none', 'The option “positions” is none; choose one of learned, rotary.'],
      ['positions', undefined, 'The option “positions” is missing; choose one of learned, rotary.'],
    ] as const) {
      const option = listed.find((each) => each.name === name)!;
      assert.throws(() => checkOption(option, value), { name: 'UserError', message: sentence });
    }
  });

  it('are refused where a file has no values by name', () => {
    for (const given of [null, [], 'heads', 4])
      assert.throws(() => filledOptions(listed, given as never), /^UserError: The options of a layer are /);
    assert.throws(() => configOf({ cell: 'mamba', embeddingSize: 8, options: null }), UserError);
  });

  it('can be said in words, and are shown where they are not the usual', () => {
    const texts = { biased: 'false', heads: '8', theta: '500', positions: 'rotary' };
    const read = Object.fromEntries(
      listed.map((option) => [option.name, optionOfText(option, texts[option.name as keyof typeof texts])]),
    );
    assert.deepEqual(read, { biased: false, heads: 8, theta: 500, positions: 'rotary' });
    assert.throws(() => optionOfText(listed[0], 'yes'), UserError);
    assert.throws(() => optionOfText(listed[1], ' '), UserError);
    assert.deepEqual(listed.map(choicesOf), [['true', 'false'], ['4'], ['10000'], ['learned', 'rotary']]);
    assert.deepEqual(optionsInWords(listed, usual), []);
    assert.deepEqual(optionsInWords(listed, { ...read, theta: 1e4 }), ['biased', 'heads 8', 'positions rotary']);
    assert.equal(labelWith('minGRU', 'tanh', { positive: true }), 'minGRU (positive)');
    assert.equal(labelWith('minGRU', 'tanh', { positive: false }), 'minGRU');
    assert.equal(labelWith('rnn', 'relu', { positive: true }), 'RNN (relu)');
  });
});

describe('the options of a model', () => {
  const stack = { ...plainStack, activation: 'tanh', layers: 2, hiddenSize: 4, vocabularySize: 3 } as const;
  const read = (config: StackConfig) => configOf(JSON.parse(configText(uniformModel(config))));

  it('are those of its kind, checked', () => {
    assert.deepEqual(uniformModel({ ...stack, cell: 'minGRU' }).layers[1].options, { positive: false });
    assert.deepEqual(uniformModel({ ...stack, cell: 'gru', options: { positive: true } }).layers[1].options, {});
    assert.throws(
      () => uniformModel({ ...stack, cell: 'minGRU', options: { positive: 'yes' } }),
      /The option “positive” is yes; it must be true or false\./,
    );
  });

  it('are in its file, and not where the kind has none', () => {
    for (const cell of ['minGRU', 'minLSTM', 'lstm'] as const) {
      const config = { ...stack, cell, options: { positive: true } };
      assert.deepEqual(read(config), uniformModel(config));
    }
    assert.equal(
      configText(uniformModel({ ...stack, cell: 'lstm' })),
      '{"activation":"tanh","bidirectional":false,"cell":"lstm","embeddingSize":null,"hiddenSize":4,"layers":2,"objective":"next","tied":false,"vocabularySize":3}',
    );
  });
});
