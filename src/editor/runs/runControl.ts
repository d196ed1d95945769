/** Pause, resume, step and stop, from wherever they are asked. */
import * as vscode from 'vscode';
import type { ControlAction } from '../../pageContract/messages';
import type { Message } from '../../protocol/run';
import { translated, type Notices } from '../notices';
import { checkTrusted } from './workspaceTrust';
import type { RunSession } from './runSession';

export class RunControl {
  constructor(private readonly notices: Notices) {}

  async run(action: ControlAction, session: RunSession): Promise<void> {
    await this.notices.guard(async () => {
      if (action === 'resume' && session.status.state !== 'paused') await this.resumeFromCheckpoint(session);
      else await session.control(action);
    });
  }

  /** Reports that an engine has ended by itself, and offers to continue. */
  async offerResume(session: RunSession, sentence: Message): Promise<void> {
    const said = `${session.description.name}: ${translated(sentence)}`;
    const resume = vscode.l10n.t('Resume');
    const chosen = session.isRun ? await this.notices.errorWithLog(said, resume) : await this.notices.errorWithLog(said);
    if (chosen === resume && !session.isAlive) await this.run('resume', session);
  }

  /** Reports that an engine does not answer, and offers to end it; waiting instead loses nothing. */
  async offerEnd(session: RunSession): Promise<void> {
    const said = vscode.l10n.t('{0}: the engine has not answered for half a minute. It may be at a very large step; if it hangs, end it and resume from the last checkpoint.', session.description.name);
    const end = vscode.l10n.t('End It');
    if ((await this.notices.errorWithLog(said, end)) !== end) return;
    // The question can stand for long; what was a very large step may be over.
    if (session.isHanging) session.endEngine();
    else void vscode.window.showInformationMessage(vscode.l10n.t('{0}: the engine answers again, so it was not ended.', session.description.name));
  }

  private async resumeFromCheckpoint(session: RunSession): Promise<void> {
    if (!session.isRun || session.status.state === 'starting' || session.status.state === 'running') return;
    checkTrusted(vscode.Uri.file(session.description.folder), session.description.name);
    const { name, training } = session.description;
    const steps = await stepsToGo(name, session.status.step, training.steps);
    if (steps === undefined) return;
    await session.resumeFromCheckpoint({ folder: session.description.folder, steps });
  }
}

/**
 * How many steps a run is to do in all when it continues: its own (null), unless it has done them.
 * @returns undefined when the user dismissed the question
 */
export async function stepsToGo(name: string, done: number, own: number | null): Promise<number | null | undefined> {
  if (own === null || done < own) return null;
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Resume {0}', name),
    prompt: vscode.l10n.t('The run has done its {0} steps. How many shall it do in all?', done),
    value: String(2 * done),
    validateInput: (value) =>
      /^\d+$/.test(value.trim()) && Number(value) > done ? undefined : vscode.l10n.t('A whole number above {0}.', done),
  });
  return answer === undefined ? undefined : Number(answer);
}
