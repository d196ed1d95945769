/** A screenshot with numbers on it, which the text beside it explains. */
import type { Page } from 'playwright-core';

export interface Mark {
  readonly label: string;
  /** The middle of the number, CSS pixels from the top left corner of the window. */
  readonly x: number;
  readonly y: number;
}

const id = 'backflow-marks';

/** Puts the numbers over the window until the picture of a part of it is taken. */
export async function numberedScreenshot(
  page: Page,
  marks: readonly Mark[],
  clip: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Promise<Buffer> {
  const discs = marks.map(
    ({ label, x, y }) =>
      `<div style="position:fixed;left:${x - 11}px;top:${y - 11}px;width:22px;height:22px;border-radius:50%;background:#f6c945;color:#16191d;font:700 14px/22px sans-serif;text-align:center">${label}</div>`,
  );
  // The editor's page accepts markup only as parts that are made one by one (trusted types), so the marks are a picture of their own.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"><foreignObject width="100%" height="100%"><div xmlns="http://www.w3.org/1999/xhtml">${discs.join('')}</div></foreignObject></svg>`;
  await page.evaluate(
    `{ const image = document.createElement('img'); image.id = '${id}'; image.style.cssText = 'position:fixed;inset:0;width:100vw;height:100vh;z-index:100000;pointer-events:none'; image.src = 'data:image/svg+xml,' + encodeURIComponent(${JSON.stringify(svg)}); document.body.append(image); }`,
  );
  await page.waitForTimeout(500);
  const picture = await page.screenshot({ clip });
  await page.evaluate(`document.getElementById('${id}').remove()`);
  return picture;
}
