/** The page of a model's file: text and tables, no script. Everything that comes from the file is escaped. */
import * as vscode from 'vscode';
import { isUnitMapName, kindOf, unitMapLabels } from '../../layers/catalog';
import { escapeHtml, htmlDocument } from '../../pageContract/html';
import type { Examination, RecurrentReport, Spectrum } from '../../protocol/model';
import { translated } from '../notices';

/** Undefined: not computed yet; null: too large to compute. */
export type Spectra = ReadonlyMap<string, Spectrum | null>;

export interface ModelDocumentParts {
  readonly name: string;
  /** Null while the file is being read. */
  readonly examination: Examination | null;
  /** Why it could not be read at all. */
  readonly failure: string | null;
  readonly spectra: Spectra;
  readonly links: readonly { readonly href: string; readonly text: string }[];
  readonly cspSource: string;
  readonly styleUri: string;
  readonly language: string;
}

export function spectrumKey(recurrent: number, matrix: number): string {
  return `${recurrent}.${matrix}`;
}

export function modelHtml(parts: ModelDocumentParts): string {
  const { name, examination, failure, cspSource, styleUri, language } = parts;
  const body = failure !== null ? `<p class="refusal">${escapeHtml(failure)}</p>` : examination ? examinationHtml(examination, parts) : `<p class="dim">${escapeHtml(vscode.l10n.t('Reading the model …'))}</p>`;
  return htmlDocument({
    language,
    policy: `default-src 'none'; style-src ${cspSource}; font-src ${cspSource}`,
    title: name,
    head: `<link rel="stylesheet" href="${escapeHtml(styleUri)}">`,
    attributes: 'class="model"',
    body: `<main>
<h1>${escapeHtml(name)}</h1>
${body}
</main>`,
  });
}

function examinationHtml(examination: Examination, parts: ModelDocumentParts): string {
  const { layers, refusal, notices } = examination;
  return [
    paragraph('facts', factsOf(examination)),
    refusal ? paragraph('refusal', vscode.l10n.t('Cannot be inspected: {0}', translated(refusal))) : '',
    ...notices.map((notice) => paragraph('dim', translated(notice))),
    refusal ? '' : `<p class="actions">${parts.links.map(({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join(' ')}</p>`,
    structureHtml(examination),
    layers.length > 0 ? recurrentHtml(layers, parts.spectra) : '',
  ].join('\n');
}

function factsOf({ model, hasVocabulary }: Examination): string {
  if (!model) return vscode.l10n.t('No whole recurrent language model was found in this file.');
  const { vocabularySize, parameterCount, producer } = model;
  return [
    vscode.l10n.t('vocabulary of {0}', number(vocabularySize)),
    vscode.l10n.t('{0} parameters', number(parameterCount)),
    hasVocabulary ? vscode.l10n.t('its vocabulary is in the file') : vscode.l10n.t('its vocabulary is not in the file'),
    ...(producer === null ? [] : [vscode.l10n.t('written by {0}', producer)]),
  ].join(' · ');
}

/** From the tokens to the symbols, one line a step. */
function structureHtml({ model, layers }: Examination): string {
  if (layers.length === 0) return '';
  const steps: { what: string; shape: string; source?: string }[] = [];
  if (model) {
    const { embeddingSize, vocabularySize } = model;
    steps.push(
      embeddingSize === null
        ? { what: vscode.l10n.t('one-hot tokens'), shape: number(vocabularySize) }
        : { what: vscode.l10n.t('embedding'), shape: `${number(vocabularySize)} × ${number(embeddingSize)}` },
    );
  }
  for (const layer of new Set(layers.map((report) => report.layer))) {
    const [first, second] = layers.filter((report) => report.layer === layer);
    const both = (second as RecurrentReport | undefined) !== undefined;
    const direction = both ? `, ${vscode.l10n.t('both directions')}` : first.direction === 'backward' ? `, ${vscode.l10n.t('backward only')}` : '';
    const form = first.form.length > 0 ? `, ${first.form.join(', ')}` : '';
    steps.push({ what: `${kindOf(first.cell).label}${direction}${form}`, shape: `${number(first.inputSize)} → ${both ? '2 × ' : ''}${number(first.hiddenSize)}`, source: first.source });
  }
  if (model?.hasNorm) steps.push({ what: 'LayerNorm', shape: '' });
  if (model) steps.push({ what: model.tied ? vscode.l10n.t('output, tied to the embedding') : vscode.l10n.t('output'), shape: `→ ${number(model.vocabularySize)}` });
  const items = steps.map(({ what, shape, source }) => `<li><span>${escapeHtml(what)}</span><span class="number">${escapeHtml(shape)}</span>${source === undefined ? '' : `<code class="dim">${escapeHtml(source)}</code>`}</li>`);
  return `<h2>${escapeHtml(vscode.l10n.t('Structure'))}</h2>\n<ol class="structure">${items.join('')}</ol>`;
}

function recurrentHtml(layers: readonly RecurrentReport[], spectra: Spectra): string {
  const heads = ['', '‖W‖', '‖R‖', 'ρ(R)', '‖R‖₂'];
  const titles = [
    '',
    vscode.l10n.t('Root of the sum of squares of the input weights'),
    vscode.l10n.t('Root of the sum of squares of the recurrent weights'),
    vscode.l10n.t('Spectral radius: the largest absolute eigenvalue'),
    vscode.l10n.t('Spectral norm: the largest singular value'),
  ];
  const rows = layers.flatMap((report, recurrent) => rowsOf(report, recurrent, layers, spectra));
  return `<h2>${escapeHtml(vscode.l10n.t('Recurrent matrices'))}</h2>
<p class="dim">${escapeHtml(
    vscode.l10n.t('Going back one step multiplies a gradient by R, gate by gate. ‖R‖₂ bounds what one step can do: below 1, with tanh, gradients must vanish. ρ says what many steps do to a linear net; below 1 it promises nothing for a nonlinear one.'),
  )}</p>
<table>
<thead><tr>${heads.map((head, i) => `<th scope="col" title="${escapeHtml(titles[i])}">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function rowsOf(report: RecurrentReport, recurrent: number, all: readonly RecurrentReport[], spectra: Spectra): string[] {
  const { layer, direction, cell, norms, matrices } = report;
  const isOneOfTwo = all.some((other) => other !== report && other.layer === layer);
  const title = isOneOfTwo ? vscode.l10n.t('Layer {0}, {1}', layer + 1, directionName(direction)) : vscode.l10n.t('Layer {0}', layer + 1);
  const head = `<tr class="layer"><th scope="rowgroup">${escapeHtml(title)} <span class="dim">${kindOf(cell).label}</span></th>${cells([significant(norms.W), significant(norms.R), '', ''])}</tr>`;
  const gates = matrices.map(({ name, norm }, matrix) => {
    const spectrum = spectra.get(spectrumKey(recurrent, matrix));
    const [radius, largest] = spectrum ? [significant(spectrum.spectralRadius), significant(spectrum.spectralNorm)] : spectrum === null ? ['–', '–'] : ['…', '…'];
    return `<tr><th scope="row">${escapeHtml(gateName(name))}</th>${cells(['', significant(norm), radius, largest])}</tr>`;
  });
  return [head, ...gates];
}

/** R.forgetGate → forget gate. */
function gateName(name: string): string {
  const map = name.slice(name.indexOf('.') + 1);
  return vscode.l10n.t(isUnitMapName(map) ? unitMapLabels[map] : 'hidden state');
}

function directionName(direction: RecurrentReport['direction']): string {
  return direction === 'forward' ? vscode.l10n.t('forward') : vscode.l10n.t('backward');
}

function cells(values: readonly string[]): string {
  return values.map((value) => `<td class="number">${escapeHtml(value)}</td>`).join('');
}

function paragraph(className: string, text: string): string {
  return `<p class="${className}">${escapeHtml(text)}</p>`;
}

function number(value: number): string {
  return value.toLocaleString(vscode.env.language);
}

function significant(value: number): string {
  return value !== 0 && (value < 1e-3 || value >= 1e5) ? value.toExponential(2) : value.toLocaleString(vscode.env.language, { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
}
