/** The page of a model's file: text and tables, no script. Everything that comes from the file is escaped. */
import * as vscode from 'vscode';
import { isUnitMapName, kindOf, unitMapNamed } from '../../layers/catalog';
import { escapeHtml, htmlDocument } from '../../pageContract/html';
import type { GraphSummary, SeriesRole } from '../../protocol/graph';
import type { Examination, RecurrentReport, Spectrum } from '../../protocol/model';
import { scientific } from '../../terms/numberFormat';
import { localize, localizeMessage } from '../localize';

/** Undefined: not computed yet; null: too large to compute. */
export type Spectra = ReadonlyMap<string, Spectrum | null>;

export interface ModelDocumentParts {
  readonly name: string;
  /** Null while the file is being read. */
  readonly examination: Examination | null;
  /** Why it could not be read at all. */
  readonly failure: string | null;
  readonly spectra: Spectra;
  /** `trains`: it continues the model's training. */
  readonly links: readonly { readonly href: string; readonly text: string; readonly trains: boolean }[];
  readonly cspSource: string;
  readonly styleUri: string;
  readonly language: string;
}

export function spectrumKey(recurrent: number, matrix: number): string {
  return `${recurrent}.${matrix}`;
}

export function modelHtml(parts: ModelDocumentParts): string {
  const { name, examination, failure, cspSource, styleUri, language } = parts;
  const body =
    failure !== null
      ? `<p class="refusal">${escapeHtml(failure)}</p>`
      : examination
        ? examinationHtml(examination, parts)
        : `<p class="dim">${escapeHtml(localize('modelPage.reading'))}</p>`;
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
  const { layers, refusal, graph, notices } = examination;
  // In graph mode it is inspected, not trained.
  const links = refusal ? (graph ? parts.links.filter(({ trains }) => !trains) : []) : parts.links;
  return [
    paragraph('facts', factsOf(examination)),
    graph
      ? paragraph('dim', localizeMessage({ key: 'notice.graph.mode', args: [graph.stackRefusal] }))
      : refusal
        ? paragraph('refusal', localize('modelPage.refused', localizeMessage(refusal)))
        : '',
    ...notices.map((notice) => paragraph('dim', localizeMessage(notice))),
    links.length > 0
      ? `<p class="actions">${links.map(({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join(' ')}</p>`
      : '',
    graph ? tensorsHtml(graph) : structureHtml(examination),
    layers.length > 0 ? recurrentHtml(layers, parts.spectra) : '',
  ].join('\n');
}

/** The tensors that can be looked at: all of them, those that are shown at first in bold. */
function tensorsHtml({ tensors, defaultSeries }: GraphSummary): string {
  const rows = tensors.map(({ name, role, width, isReversed }) => {
    const shown = defaultSeries.includes(name) ? `<strong>${escapeHtml(name)}</strong>` : escapeHtml(name);
    const what = isReversed ? `${roleName(role)}, ${localize('tensors.reversed')}` : roleName(role);
    return `<tr><th scope="row"><code>${shown}</code></th><td>${escapeHtml(what)}</td><td class="number">${escapeHtml(number(width))}</td></tr>`;
  });
  const heads = [
    localize('modelPage.tensors.name'),
    localize('modelPage.tensors.role'),
    localize('modelPage.tensors.units'),
  ];
  return `<h2>${escapeHtml(localize('modelPage.tensors.title'))}</h2>
<p class="dim">${escapeHtml(localize('modelPage.tensors.explained'))}</p>
<table class="tensors">
<thead><tr>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join('')}</tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function roleName(role: SeriesRole): string {
  switch (role) {
    case 'embedding':
      return localize('panel.role.embedding');
    case 'state':
      return localize('panel.role.state');
    case 'residual':
      return localize('panel.role.residual');
    case 'tensor':
      return localize('panel.role.tensor');
  }
}

function factsOf({ model: stack, graph, hasVocabulary }: Examination): string {
  const model = stack ?? graph;
  if (!model) return localize('modelPage.noModel');
  const { vocabularySize, parameterCount, producer } = model;
  const features = stack?.features;
  if (features !== undefined)
    return [
      localize('modelPage.numbers', number(features), number(vocabularySize)),
      localize('count.parameter.many', number(parameterCount)),
    ].join(' · ');
  return [
    localize('modelPage.vocabularySize', number(vocabularySize)),
    localize('count.parameter.many', number(parameterCount)),
    hasVocabulary ? localize('modelPage.vocabularyInFile') : localize('modelPage.vocabularyMissing'),
    ...(producer === null ? [] : [localize('modelPage.writtenBy', producer)]),
  ].join(' · ');
}

/** From the tokens to the symbols, one line a step. */
function structureHtml({ model, layers }: Examination): string {
  if (layers.length === 0) return '';
  const steps: { what: string; shape: string; source?: string }[] = [];
  if (model) {
    const { embeddingSize, vocabularySize, features } = model;
    steps.push(
      features !== undefined
        ? { what: localize('tokenUnit.numbers'), shape: number(features) }
        : embeddingSize === null
          ? { what: localize('modelPage.oneHot'), shape: number(vocabularySize) }
          : { what: localize('modelPage.embedding'), shape: `${number(vocabularySize)} × ${number(embeddingSize)}` },
    );
  }
  for (const layer of new Set(layers.map((report) => report.layer))) {
    const [first, second] = layers.filter((report) => report.layer === layer);
    const both = (second as RecurrentReport | undefined) !== undefined;
    const direction = both
      ? `, ${localize('modelPage.bothDirections')}`
      : first.direction === 'backward'
        ? `, ${localize('modelPage.backwardOnly')}`
        : '';
    const form = first.form.length > 0 ? `, ${first.form.join(', ')}` : '';
    steps.push({
      what: `${kindOf(first.cell).label}${direction}${form}`,
      shape: `${number(first.inputSize)} → ${both ? '2 × ' : ''}${number(first.hiddenSize)}`,
      source: first.source,
    });
  }
  if (model?.hasNorm) steps.push({ what: 'LayerNorm', shape: '' });
  if (model)
    steps.push({
      what: model.tied ? localize('modelPage.outputTied') : localize('modelPage.output'),
      shape: `→ ${number(model.vocabularySize)}`,
    });
  const items = steps.map(
    ({ what, shape, source }) =>
      `<li><span>${escapeHtml(what)}</span><span class="number">${escapeHtml(shape)}</span>${source === undefined ? '' : `<code class="dim">${escapeHtml(source)}</code>`}</li>`,
  );
  return `<h2>${escapeHtml(localize('modelPage.structure'))}</h2>\n<ol class="structure">${items.join('')}</ol>`;
}

function recurrentHtml(layers: readonly RecurrentReport[], spectra: Spectra): string {
  const heads = ['', '‖W‖', '‖R‖', 'ρ(R)', '‖R‖₂'];
  const titles = [
    '',
    localize('modelPage.matrices.inputNorm'),
    localize('modelPage.matrices.recurrentNorm'),
    localize('modelPage.matrices.spectralRadius'),
    localize('modelPage.matrices.spectralNorm'),
  ];
  const rows = layers.flatMap((report, recurrent) => rowsOf(report, recurrent, layers, spectra));
  return `<h2>${escapeHtml(localize('modelPage.matrices.title'))}</h2>
<p class="dim">${escapeHtml(localize('modelPage.matrices.explained'))}</p>
<table>
<thead><tr>${heads.map((head, i) => `<th scope="col" title="${escapeHtml(titles[i])}">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.join('')}</tbody>
</table>`;
}

function rowsOf(
  report: RecurrentReport,
  recurrent: number,
  all: readonly RecurrentReport[],
  spectra: Spectra,
): string[] {
  const { layer, direction, cell, norms, matrices } = report;
  const isOneOfTwo = all.some((other) => other !== report && other.layer === layer);
  const title = isOneOfTwo
    ? localize('modelPage.layerOneDirection', layer + 1, directionName(direction))
    : localize('modelPage.layer', layer + 1);
  const head = `<tr class="layer"><th scope="rowgroup">${escapeHtml(title)} <span class="dim">${kindOf(cell).label}</span></th>${cells([significant(norms.W), significant(norms.R), '', ''])}</tr>`;
  const gates = matrices.map(({ name, norm }, matrix) => {
    const spectrum = spectra.get(spectrumKey(recurrent, matrix));
    const [radius, largest] = spectrum
      ? [significant(spectrum.spectralRadius), significant(spectrum.spectralNorm)]
      : spectrum === null
        ? ['–', '–']
        : ['…', '…'];
    return `<tr><th scope="row">${escapeHtml(gateName(name))}</th>${cells(['', significant(norm), radius, largest])}</tr>`;
  });
  return [head, ...gates];
}

/** R.forgetGate → forget gate. */
function gateName(name: string): string {
  const map = name.slice(name.indexOf('.') + 1);
  return localize(isUnitMapName(map) ? unitMapNamed(map).label : 'unitMap.hidden');
}

function directionName(direction: RecurrentReport['direction']): string {
  return direction === 'forward' ? localize('modelPage.forward') : localize('modelPage.backward');
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
  return value !== 0 && (value < 1e-3 || value >= 1e5)
    ? scientific(value, 2)
    : value.toLocaleString(vscode.env.language, { minimumSignificantDigits: 4, maximumSignificantDigits: 4 });
}
