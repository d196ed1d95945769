/** `backflow export`. */
import type { EngineCalls, EngineEvents } from '../protocol/engine';
import type { Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import type { ExportCommand } from './commandLine';
import { localize, localizeMessage } from './language';
import type { Output } from './output';

/** Rejects when the model cannot be opened or written. */
export async function exportModel(
  engine: Caller<EngineCalls, EngineEvents>,
  { json, model, out }: ExportCommand,
  output: Output,
  stop: AbortSignal,
): Promise<void> {
  const { backend, threads } = defaultTrainingSettings;
  const { notices } = await engine.call('open', { ...model, text: null, allowsGraph: false, backend, threads }, stop);
  const written = await engine.call('exportModel', { path: out });
  if (json) output.writeJson({ path: out });
  else
    output.write([...[...notices, ...written].map(localizeMessage), localize('exportModel.done', out), ''].join('\n'));
}
