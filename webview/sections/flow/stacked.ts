/** Several figures under each other as one. */
import type { ExportedFigure } from '../../shared/exporting/exported';

export function stacked(
  id: string,
  title: string,
  description: string,
  parts: readonly ExportedFigure[],
): ExportedFigure {
  return {
    id,
    title,
    description,
    width: Math.max(...parts.map(({ width }) => width)),
    height: parts.reduce((sum, { height }) => sum + height, 0),
    draw(pen) {
      pen.save();
      for (const part of parts) {
        // Each begins with a pen that is set to nothing.
        pen.save();
        part.draw(pen);
        pen.restore();
        pen.translate(0, part.height);
      }
      pen.restore();
    },
  };
}
