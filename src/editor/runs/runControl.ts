/** Pause, resume, step and stop, from wherever they are asked. */
import * as vscode from 'vscode';
import type { ControlAction } from '../../pageContract/messages';
import type { Message } from '../../messages';
import type { Notices } from '../notices';
import { checkTrusted } from './workspaceTrust';
import type { RunSession } from './runSession';
import { localize, localizeMessage } from '../localize';

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
    const said = `${session.description.name}: ${localizeMessage(sentence)}`;
    const resume = localize('button.resume');
    const chosen = session.isRun
      ? await this.notices.errorWithLog(said, resume)
      : await this.notices.errorWithLog(said);
    if (chosen === resume && !session.isAlive) await this.run('resume', session);
  }

  /** Reports that an engine does not answer, and offers to end it; waiting instead loses nothing. */
  async offerEnd(session: RunSession): Promise<void> {
    const said = localize('engine.hang.warning', session.description.name);
    const end = localize('engine.hang.end');
    if ((await this.notices.errorWithLog(said, end)) !== end) return;
    // The question can stand for long; what was a very large step may be over.
    if (session.isHanging) session.endEngine();
    else void vscode.window.showInformationMessage(localize('engine.hang.over', session.description.name));
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
    title: localize('runs.resume.title', name),
    prompt: localize('runs.resume.steps', done),
    value: String(2 * done),
    validateInput: (value) =>
      /^\d+$/.test(value.trim()) && Number(value) > done ? undefined : localize('runs.resume.stepsInvalid', done),
  });
  return answer === undefined ? undefined : Number(answer);
}
