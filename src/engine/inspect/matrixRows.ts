/** The two matrices of a report, rows at a time: for one who writes them on, so that neither need be held whole. */
import type { MatrixRows } from '../../core/analysis/matrixRows';
import { readsBothWays } from '../../core/model/config';
import type { MatrixRowsRequest } from '../../protocol/engine';
import { UserError } from '../../userError';
import { readingForInputMatrix } from './inputMatrix';
import { kernelModel, type Inspector } from './inspector';
import { oneSequence } from './oneSequence';
import type { Reading } from './reading';
import { maxTapeSteps, noMatrixOfNumbers } from './report';

export class MatrixSource {
  private rows: { readonly matrix: MatrixRowsRequest['matrix']; readonly source: MatrixRows } | null = null;

  private constructor(
    private readonly inspector: Inspector,
    /** As it was given, and as it is read. */
    readonly given: string,
    private readonly text: string,
    private readonly reading: Reading,
  ) {}

  /** Throws a UserError as a report does. */
  static async of(inspector: Inspector, given: string): Promise<MatrixSource> {
    const { vocabulary } = inspector.model;
    const plain = inspector.model.plain && kernelModel(inspector.model.plain);
    const { text } = oneSequence(given, vocabulary);
    const { ids, numbers } = inspector.encode(text);
    if (numbers) throw noMatrixOfNumbers();
    const steps = ids.length - 1;
    if (plain && steps > maxTapeSteps && !readsBothWays(plain.config))
      throw new UserError('error.inspect.matrixTooLarge', steps + 1);
    return new MatrixSource(inspector, given, text, await inspector.read(text));
  }

  /** Whole rows from `from` on. */
  async read(matrix: MatrixRowsRequest['matrix'], from: number): Promise<Float64Array> {
    if (this.rows?.matrix !== matrix) this.rows = { matrix, source: await this.sourceOf(matrix) };
    const { source } = this.rows;
    const { steps } = this.reading.trace;
    const to = Math.min(steps, from + source.blockSize);
    const rows = new Float64Array((to - from) * steps);
    await source.write(from, to, rows);
    return rows;
  }

  private async sourceOf(matrix: MatrixRowsRequest['matrix']): Promise<MatrixRows> {
    if (matrix === 'matrix') return this.reading.matrixRows();
    return (await readingForInputMatrix(this.inspector, this.reading, this.text)).inputMatrixRows();
  }
}
