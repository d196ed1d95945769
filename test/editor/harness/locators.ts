/** Waiting for parts of a page. */
import type { Locator } from 'playwright-core';

/** Milliseconds. Only what hangs takes so long, on whatever machine. */
export const longest = 240_000;

/** Tries again and again until it works. @param what is waited for, for the error */
export async function until(what: string, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longest;
  while (!(await attempt())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
  }
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
