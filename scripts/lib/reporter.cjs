// Mocha's readable report, live, and at the end the counts and what failed in the file that BACKFLOW_TEST_COUNTS names. Inside an editor,
// where there is no terminal, the report goes to the file that BACKFLOW_TEST_OUTPUT names.
const { appendFileSync, writeFileSync } = require('node:fs');
const { format } = require('node:util');
const Mocha = require('mocha');

const output = process.env.BACKFLOW_TEST_OUTPUT;
if (output) Mocha.reporters.Base.consoleLog = (...values) => appendFileSync(output, `${format(...values)}\n`);

module.exports = class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { EVENT_RUN_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;
    const failures = [];
    runner.on(EVENT_TEST_FAIL, (test, error) =>
      failures.push({ title: test.fullTitle(), message: String(error?.message ?? error) }),
    );
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures: failed, pending } = this.stats;
      writeFileSync(
        process.env.BACKFLOW_TEST_COUNTS,
        JSON.stringify({ passed: passes, failed, skipped: pending, failures }),
      );
    });
  }
};
