/** What the reader looks at, the same for every figure of the page: which steps are in view, and which step and unit are marked. */
import { Range } from './range';

export class View {
  /** Steps of the probe in view. */
  readonly steps: Range;
  private markedStep: number | null = null;
  private markedUnit: number | null = null;
  private isAnnouncementDue = false;

  /** `changed` hears of every change, and draws. */
  constructor(private readonly changed: () => void) {
    this.steps = new Range(changed);
  }

  get mark(): number | null {
    return this.markedStep;
  }

  /** A unit of the layer that the unit map shows. */
  get unit(): number | null {
    return this.markedUnit;
  }

  /** The mark was moved by keys: what it says is to be read aloud. */
  announce(): void {
    this.isAnnouncementDue = true;
  }

  /** Whether that is still to be done; it then is. */
  takeAnnouncement(): boolean {
    const { isAnnouncementDue } = this;
    this.isAnnouncementDue = false;
    return isAnnouncementDue;
  }

  /** A frame of this many steps, and of this many units on its unit map, is shown from now on. */
  accept(steps: number, units: number): void {
    this.steps.setTotal(steps);
    if (this.markedStep !== null && this.markedStep >= steps) this.markedStep = null;
    if (this.markedUnit !== null && this.markedUnit >= units) this.markedUnit = null;
  }

  /** Marks a step of the probe, and a unit where one is meant; what does not exist is not marked. */
  setMark(step: number | null, unit: number | null = null): void {
    const exists = step !== null && step >= 0 && step < this.steps.total;
    const next = exists ? step : null;
    if (next === this.markedStep && unit === this.markedUnit) return;
    this.markedStep = next;
    this.markedUnit = unit;
    this.changed();
  }
}
