/** The commands behind the links of a hover. All take a token of the probe first. */

/** Traces back the loss of the token, until changed; without one, of that at the cursor. */
export const pinCommand = 'backflow.pinTarget';
export const openPanelAtCommand = 'backflow.openPanelAt';
export const revealCommand = 'backflow.revealToken';
/** Also takes the method; asks for what is missing. */
export const attributeCommand = 'backflow.attribute';

export const hoverCommands = [pinCommand, openPanelAtCommand, revealCommand, attributeCommand] as const;

/** A link in trusted Markdown. @param label is Markdown itself  @param title shown when the pointer rests on it */
export function commandLink(
  label: string,
  title: string,
  command: (typeof hoverCommands)[number],
  ...args: (string | number)[]
): string {
  // Parentheses would end the link.
  const query = encodeURIComponent(JSON.stringify(args)).replace(/[()]/g, (sign) => (sign === '(' ? '%28' : '%29'));
  return `[${label}](command:${command}?${query} "${title.replace(/"/g, '”')}")`;
}
