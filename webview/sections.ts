/** The page's sections, in the order they are read. */
import type { PageView } from '../src/pageContract/messages';
import { HeadsSection } from './sections/heads/headsSection';
import { ChartSection } from './sections/learning/chartSection';
import { CompareSection } from './sections/compare/compareSection';
import { DepthSection } from './sections/depth/depthSection';
import { FlowSection } from './sections/flow/flowSection';
import { MatrixSection } from './sections/matrix/matrixSection';
import { OverTrainingSection } from './sections/overTraining/overTrainingSection';
import { PlaygroundSection } from './sections/playground/playgroundSection';
import { SampleSection } from './sections/sample/sampleSection';
import { SpectrumSection } from './sections/spectrum/spectrumSection';
import { SweepSection } from './sections/sweep/sweepSection';
import type { PageParts, Section } from './shared/section';
import { TruncationSection } from './sections/compare/compareTruncations';
import { WhySection } from './sections/why/whySection';

export function sectionsOf(parts: PageParts, view: PageView): Section[] {
  switch (view) {
    case 'compare':
      return [new CompareSection(parts), new TruncationSection(parts)];
    case 'playground':
      return [new PlaygroundSection(parts), new FlowSection(parts, false), new DepthSection(parts, 2)];
    case 'sweep':
      return [new SweepSection(parts)];
    case 'run':
      return [
        new ChartSection(parts),
        new FlowSection(parts),
        new DepthSection(parts),
        new HeadsSection(parts),
        new OverTrainingSection(parts),
        new SampleSection(parts),
        new WhySection(parts),
        new SpectrumSection(parts),
        new MatrixSection(parts),
      ];
  }
}
