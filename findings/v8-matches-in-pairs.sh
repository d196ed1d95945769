#!/usr/bin/env bash
# With the flag u a regular expression of JavaScript reads code points: it never matches between the halves of a surrogate pair. In V8 an empty match of
# a pattern that begins by looking back does: /(?<!a)(?!a)/gu finds a place inside the emoji of "a👩b", where String.prototype.slice cuts it in two.
# Of one that looks ahead alone it does not.
set -euo pipefail
node - <<'NODE'
const places = (pattern) => Array.from('a\u{1f469}b'.matchAll(pattern), ({ index }) => index);
const [both, back, ahead] = [places(/(?<!a)(?!a)/gu), places(/(?<!a)/gu), places(/(?!a)/gu)];
console.log('V8', process.versions.v8, 'Node.js', process.version);
console.log('the pair takes places 1 and 2; matches by looking back and ahead:', both, 'back:', back, 'ahead:', ahead);
process.exit(both.includes(2) ? 0 : 1);
NODE
