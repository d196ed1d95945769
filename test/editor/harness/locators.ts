/** Waiting for parts of a page. */
import type { Locator } from 'playwright-core';

/** Milliseconds. Only what hangs takes so long, on whatever machine. */
export const longest = 240_000;

/** Tries again and again until it works. @param what is waited for, for the error @param attempt is told how many there were before */
export async function until(what: string, attempt: (before: number) => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longest;
  for (let before = 0; !(await attempt(before)); before++) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
  }
}

/**
 * Clicks what whatever takes the focus just then takes away, such as an entry of a menu. Whether it was clicked: a click that was made, but took longer than
 * the time-out to be answered, must not be made once more, since it would choose twice.
 * @param timeout in milliseconds; what is gone is waited for so long
 */
export async function clickWhileThere(element: Locator, timeout: number): Promise<boolean> {
  const page = element.page();
  const presses = (): Promise<number> =>
    page.evaluate<number>(`(() => {
      if (globalThis.mousePresses === undefined) {
        globalThis.mousePresses = 0;
        addEventListener('mousedown', () => globalThis.mousePresses++, true);
      }
      return globalThis.mousePresses;
    })()`);
  const before = await presses();
  return (await succeeds(element.click({ timeout }))) || (await presses()) !== before;
}

/** Whether it becomes visible. @param timeout in milliseconds */
export function appears(element: Locator, timeout: number): Promise<boolean> {
  return succeeds(element.waitFor({ timeout }));
}

/** Whether the step does not fail. */
export function succeeds(step: Promise<unknown>): Promise<boolean> {
  return step.then(
    () => true,
    () => false,
  );
}

/** A box that has stopped moving, such as a cursor after scrolling. */
export async function settledBox(element: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  let last = '';
  for (let i = 0; i < 50; i++) {
    const box = await element.boundingBox();
    if (box && JSON.stringify(box) === last) return box;
    last = JSON.stringify(box);
    await element.page().waitForTimeout(60);
  }
  throw new Error('The cursor did not come to rest.');
}
