// The layout of all code (npm run format). The lines of Markdown are set by hand; what else is left alone is in .prettierignore.
export default {
  printWidth: 120,
  singleQuote: true,
  trailingComma: 'all',
  // Git on Windows may check files out with CRLF.
  endOfLine: 'auto',
};
