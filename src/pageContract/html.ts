/** HTML documents: what all of ours begin with, and text that cannot become markup. */

export interface HtmlDocument {
  /** BCP 47 tag. */
  readonly language: string;
  /** The content security policy. */
  readonly policy: string;
  readonly title: string;
  /** What else stands in the head, as HTML: styles. */
  readonly head: string;
  /** Attributes of the body, as HTML. */
  readonly attributes?: string;
  /** As HTML. */
  readonly body: string;
}

export function htmlDocument({ language, policy, title, head, attributes, body }: HtmlDocument): string {
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
${head}
</head>
<body${attributes === undefined ? '' : ` ${attributes}`}>
${body}
</body>
</html>
`;
}

/** Of text between tags, and in attributes between double quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
