// Shares the extension host with Backflow and has the engines that it starts load engine.js first. The editor keeps NODE_OPTIONS from its extension
// hosts; a host passes its own on.
const { join } = require('node:path');

exports.activate = () => {
  process.env.NODE_OPTIONS = `--require ${JSON.stringify(join(__dirname, 'engine.js'))}`;
};
