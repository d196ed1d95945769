// Tables for a terminal and for a file: markdown, with the columns lined up.

/** `alignments` holds 'left' or 'right' for each column. */
export function table(headings, alignments, rows) {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => row[i].length)));
  const pad = (text, i) => (alignments[i] === 'right' ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = widths.map((width, i) => (alignments[i] === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(headings.map(pad)), line(rule), ...rows.map((row) => line(row.map(pad)))].join('\n');
}

/** 12345.6 → 12,346: of tokens per second. */
export function whole(value) {
  return Math.round(value).toLocaleString('en-GB');
}

export function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Whether a bar is reached, in a word. */
export function verdict(reached) {
  return reached ? 'yes' : '**no**';
}
