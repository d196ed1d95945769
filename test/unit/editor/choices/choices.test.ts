import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fields, profiles, valueOf, withChoices } from '../../../../src/editor/choices/choices';
import { modelSettings, stackSettings, trainingSettings } from '../../../../src/editor/chosenSettings';
import { checkTraining } from '../../../../src/engine/train/checkTraining';

interface Property {
  readonly type: string | readonly string[];
  readonly default: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const { contributes } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  contributes: { configuration: readonly { properties: Readonly<Record<string, Property>> }[] };
};
const properties = Object.assign({}, ...contributes.configuration.map((group) => group.properties)) as Record<
  string,
  Property | undefined
>;
const settings = (name: string) => properties[`backflow.${name}`]?.default;

describe('the choices before training', () => {
  it('offer what the settings allow, within the limits of the manifest', () => {
    for (const { name, values, limits, isWhole } of fields) {
      const property = properties[`backflow.${name}`];
      assert.ok(property, name);
      if (limits) {
        assert.equal(limits[1], property.maximum, name);
        assert.ok(
          property.minimum === undefined
            ? limits[0] > (property.exclusiveMinimum ?? NaN)
            : limits[0] === property.minimum,
          name,
        );
        assert.equal(isWhole, property.type === 'integer', name);
      } else assert.deepEqual(values, property.enum);
      for (const value of values) assert.equal(valueOf({ name, values, limits, isWhole }, String(value)), value);
    }
  });

  it('take no value outside, of the wrong kind, or none', () => {
    const [, hiddenSize] = fields;
    for (const text of ['', ' ', '0', '2049', '3.5', 'many', '-1'])
      assert.equal(valueOf(hiddenSize, text), undefined, text);
    assert.equal(valueOf(fields[0], 'transformer'), undefined);
    assert.equal(valueOf(fields[5], '0,01'), 0.01);
  });

  it('stand before the settings, which hold for the rest', () => {
    const read = withChoices(settings, { 'model.cell': 'gru', 'training.steps': 0 });
    assert.equal(stackSettings(read).cell, 'gru');
    assert.equal(stackSettings(read).hiddenSize, 128);
    assert.equal(trainingSettings(read).steps, null);
  });
});

describe('the profiles', () => {
  for (const [profile, choices] of Object.entries(profiles)) {
    it(`“${profile}” is allowed by the manifest, taken as it is, and accepted by the engine`, () => {
      for (const [name, value] of Object.entries(choices)) {
        const property = properties[`backflow.${name}`];
        assert.ok(property, name);
        if (property.enum) assert.ok(property.enum.includes(value), name);
        else if (name === 'model.mixture') assert.equal(value, '', 'layers that are alike, whatever the settings say');
        else
          assert.ok(
            typeof value === 'number' && value >= (property.minimum ?? 0) && value <= (property.maximum ?? Infinity),
            name,
          );
      }
      const read = withChoices(settings, choices);
      const taken: Readonly<Record<string, unknown>> = { model: modelSettings(read), training: trainingSettings(read) };
      for (const [name, value] of Object.entries(choices)) {
        const [group, key] = name.split('.');
        if (name === 'model.mixture') continue;
        assert.equal(
          (taken[group] as Record<string, unknown>)[key],
          name === 'training.steps' && value === 0 ? null : value,
          name,
        );
      }
      checkTraining(trainingSettings(read));
    });
  }
});
