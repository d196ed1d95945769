// What the scripts print: one line a step, and complete sentences when something is in the way.

/** A step and how it went, as `dependencies: up to date`. */
export function say(step, outcome) {
  process.stdout.write(`${step}: ${outcome}\n`);
}

/** Something a person has to do; printed without a stack trace. */
export class SetupError extends Error {}

/** Runs a script's main function; a `SetupError` ends it with its sentence alone, anything else with all that is known. */
export async function main(program) {
  try {
    process.exitCode = await program();
  } catch (error) {
    process.stderr.write(`\n${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
