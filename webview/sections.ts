/** The page's sections, in the order they are read. */
import { ChartSection } from './charts/chartSection';
import { FlowSection } from './flowSection';
import type { PageParts, Section } from './section';
import { WhySection } from './whySection';

export function sectionsOf(parts: PageParts): Section[] {
  return [
    new ChartSection(parts),
    new FlowSection(parts),
    new WhySection(parts),
  ];
}
