/** The page's sections, in the order they are read. */
import type { PageView } from '../src/protocol/panel';
import { ChartSection } from './charts/chartSection';
import { CompareSection } from './compareSection';
import { FlowSection } from './flowSection';
import { MatrixSection } from './matrixSection';
import { OverTrainingSection } from './overTrainingSection';
import { PlaygroundSection } from './playgroundSection';
import { SampleSection } from './sampleSection';
import type { PageParts, Section } from './section';
import { TruncationSection } from './compareTruncations';
import { WhySection } from './whySection';

export function sectionsOf(parts: PageParts, view: PageView): Section[] {
  switch (view) {
    case 'compare':
      return [
        new CompareSection(parts),
        new TruncationSection(parts),
      ];
    case 'playground':
      return [
        new PlaygroundSection(parts),
        new FlowSection(parts),
      ];
    case 'run':
      return [
        new ChartSection(parts),
        new FlowSection(parts),
        new OverTrainingSection(parts),
        new SampleSection(parts),
        new WhySection(parts),
        new MatrixSection(parts),
      ];
  }
}
