// Mocha's readable report, live, and at the end the counts in the file that BACKFLOW_TEST_COUNTS names. Inside an editor, where
// there is no terminal, the report goes to the file that BACKFLOW_TEST_OUTPUT names.
const { appendFileSync, writeFileSync } = require('node:fs');
const { format } = require('node:util');
const Mocha = require('mocha');

const output = process.env.BACKFLOW_TEST_OUTPUT;
if (output) Mocha.reporters.Base.consoleLog = (...values) => appendFileSync(output, `${format(...values)}\n`);

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(process.env.BACKFLOW_TEST_COUNTS, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
    });
  }
};
