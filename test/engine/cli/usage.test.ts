/** What the command line says of itself, and of a command it cannot follow. */
import assert from 'node:assert/strict';
import { version } from '../../../package.json';
import { backflow } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

describe('the command line', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  it('explains itself', async () => {
    const general = await backflow(folder, '--help');
    assert.equal(general.status, 0);
    for (const command of ['train', 'inspect', 'sample', 'export']) {
      assert.match(general.output, new RegExp(`backflow ${command} `));
      const { status, output, errors } = await backflow(folder, command, '--help');
      assert.deepEqual([status, errors], [0, '']);
      assert.match(output, new RegExp(`^Usage: backflow ${command} `));
      assert.ok(output.split('\n').every((line) => line.length <= 130));
    }
    assert.deepEqual(await backflow(folder, '--version'), {
      status: 0,
      signal: null,
      output: `${version}\n`,
      errors: '',
    });
  });

  it('refuses what it does not know with status 2', async () => {
    await hello.refuses(2, /No command was given. The commands are train, inspect, sample and export/, '');
    await hello.refuses(
      2,
      /trian is not a command; the commands are train, inspect, sample and export/,
      'trian hello.txt',
    );
    await hello.refuses(2, /--hiden is not an option of backflow train/, 'train hello.txt --hiden 8');
    await hello.refuses(2, /needs CORPUS/, 'train --hidden 8');
    await hello.refuses(2, /takes one CORPUS; b is a second one/, 'train a b');
    await hello.refuses(2, /--hidden needs a value/, 'train hello.txt --hidden');
    await hello.refuses(2, /--out needs a value/, 'train hello.txt --out --json');
    await hello.refuses(2, /needs --text FILE/, 'inspect hello');
  });

  it('refuses what the chosen model cannot have with status 2, whoever notices it', async () => {
    const cannot = 'cannot be used with this model';
    for (const [line, sentence] of [
      ['--cell lstm --heads 2', /--heads is no option of the kind LSTM/],
      [
        '--cell lstm --omega 1',
        new RegExp(`Pascanu’s regularizer \\(weight 1\\) ${cannot}\\. It is defined for vanilla RNNs`),
      ],
      [
        '--cell mamba --flossing 0.1',
        new RegExp(`Gradient flossing \\(weight 0\\.1\\) ${cannot}\\. Mamba’s exponents`),
      ],
      [
        '--cell minGRU --radius-cap 1',
        new RegExp(`The cap of the spectral radius \\(1\\) ${cannot}: none of its layers`),
      ],
      ['--cell attention --hidden 10 --heads 3', /3 heads do not divide the width 10/],
    ] as const)
      await hello.refuses(2, sentence, `train hello.txt ${line}`);
    await hello.refuses(1, /There is no file .*missing\.txt/, 'train missing.txt');
  });

  it('refuses wrong values, naming the option, the value and what is allowed', async () => {
    await hello.refuses(
      2,
      /--cell is "transformer"; it must be one of rnn, lstm, gru, minGRU, minLSTM, mamba, attention\./,
      'train hello.txt --cell transformer',
    );
    await hello.refuses(2, /--hidden is "0"; it must be a whole number from 1 to 4096\./, 'train hello.txt --hidden 0');
    await hello.refuses(
      2,
      /--learning-rate is "-1"; it must be a number greater than 0\./,
      'train hello.txt --learning-rate -1',
    );
    await hello.refuses(
      2,
      /--clip-norm is "0"; it must be a number greater than 0, or none\./,
      'train hello.txt --clip-norm 0',
    );
    await hello.refuses(
      2,
      /--init is "zeros"; it must be one of pytorch, xavier, orthogonal, identity, gaussian\./,
      'train hello.txt --init zeros',
    );
    await hello.refuses(
      2,
      /--temperature is "hot"; it must be a number of at least 0\./,
      'sample hello --temperature hot',
    );
    await hello.refuses(
      2,
      /--target is "1\.5"; it must be a whole number/,
      'inspect hello --text probe.txt --target 1.5',
    );
    await hello.refuses(2, /--hidden cannot be given with --resume/, 'train --resume hello --hidden 8');
  });
});
