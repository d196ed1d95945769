// Written so that a Node too old for everything else here can still read it and say so.

var oldest = 20;

/** Ends the process with a sentence when this Node is too old. */
export function checkNode() {
  var version = process.versions.node;
  if (Number(version.split('.')[0]) >= oldest) return;
  process.stderr.write(
    'Backflow needs Node.js ' +
      oldest +
      ' or later; this is ' +
      version +
      '. Install a newer one from nodejs.org and start again.\n',
  );
  process.exit(1);
}
