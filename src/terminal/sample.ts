/** `backflow sample`. */
import { inEnglish } from '../messages';
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import type { Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import type { SampleCommand } from './commandLine';
import { harmless } from './glyphs';
import { localizeMessage } from './language';
import type { Output } from './output';
import { bold, canPaint } from './paint';

/** Rejects when the model cannot be used or does not know a symbol of the prompt. */
export async function sample(
  engine: Caller<EngineCalls, EngineEvents>,
  { json, model, request }: SampleCommand,
  output: Output,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<void> {
  const { backend, threads } = defaultTrainingSettings;
  await engine.call('open', { ...model, text: null, allowsGraph: true, backend, threads }, stop);
  const { text, notices } = await engine.call('sample', request, stop);
  const { prompt } = request;
  if (json) output.writeJson({ prompt, text, ...(notices.length > 0 && { notices: notices.map(inEnglish) }) });
  else if (!output.isTerminal) output.write(`${prompt}${text}\n`);
  // A model that has read control characters writes them too; a terminal would obey.
  else {
    const shown = harmless(prompt);
    const isPainted = canPaint(output.colorDepth(environment)) && prompt !== '';
    output.write(`${isPainted ? bold(shown) : shown}${harmless(text)}\n`);
    for (const notice of notices) output.write(`\n${localizeMessage(notice)}\n`);
  }
}
