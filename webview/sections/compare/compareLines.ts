/** How the lines of compared runs are told apart. */

/** By dashes too, for those who do not tell the colors apart. */
export const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [9, 3, 2, 3], [12, 4], [2, 5]];

/** As theme.css says. */
export function runColors(): string[] {
  const style = getComputedStyle(document.body);
  return dashes.map((_, i) => style.getPropertyValue(`--run-${i + 1}`).trim());
}
