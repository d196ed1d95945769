// Of the tables of sentences only what pages show: a program that has them in itself need not carry the rest.
import { readFileSync } from 'node:fs';

/** As `PageKey` in src/messages.ts, of which the outputs of a notebook, which show series and no layers, use these. */
const subjects = /^panel\./;

export const pageTexts = {
  name: 'page-texts',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]l10n[\\/]bundle\.l10n(\.\w+)?\.json$/ }, ({ path }) => {
      const all = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
      return {
        contents: JSON.stringify(Object.fromEntries(all.filter(([key]) => subjects.test(key)))),
        loader: 'json',
      };
    });
  },
};
