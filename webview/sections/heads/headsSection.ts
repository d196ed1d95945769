/** Which tokens does attention read? One head's weights, target by source, and what the target's gradient is by all heads' keys and values. */
import { kindOf } from '../../../src/layers/catalog';
import { headWeightsOf, type HeadChoice, type Frame } from '../../../src/protocol/frame';
import type { ToPage } from '../../../src/pageContract/messages';
import { weightMap } from '../../shared/colors/maps';
import { ChoiceRow } from '../../shared/choiceRow';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { TargetBySource, type TargetAndSource } from '../../shared/figures/targetBySource';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visibleSymbol } from '../../shared/symbols';
import { headTables } from './headTables';
import { headVerdict } from './headVerdict';
import { HeadGradients } from './headGradients';

const keptName = 'heads';

export class HeadsSection implements Section {
  readonly root: HTMLElement;
  private readonly layers: ChoiceRow;
  private readonly heads: ChoiceRow;
  private readonly weights: TargetBySource;
  private readonly gradients: HeadGradients;
  private readonly said = element('p', { class: 'said' });
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly readout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private readonly picture: HTMLElement;
  private readonly gradientReadout = element('p', { class: 'caption number', attributes: { 'aria-live': 'polite' } });
  private choice: HeadChoice | null = null;
  /** What the engine has been asked for, of this run. */
  private asked = '';
  private shown: Frame | null = null;

  constructor(private readonly parts: PageParts) {
    const { texts } = parts;
    this.layers = new ChoiceRow(texts.get('panel.units.layer'), 'attentionLayer', (layer) =>
      this.choose({ layer: Number(layer), head: this.choice?.head ?? 0 }),
    );
    this.heads = new ChoiceRow(texts.get('panel.attention.head'), 'attentionHead', (head) =>
      this.choose({ layer: this.choice?.layer ?? 0, head: Number(head) }),
    );
    this.weights = new TargetBySource(parts, {
      name: 'attention-weights',
      valueName: (root) => texts.numbers.plain(root ** 2),
      scaleTicks: [1, 0.5, 0.1, 0].map(Math.sqrt),
    });
    this.gradients = new HeadGradients(parts);
    const { root } = sectionFrame(texts, {
      id: 'heads',
      title: 'panel.attention.title',
      sentence: 'panel.attention.sentence',
      explanation: [
        'panel.attention.explained',
        { formula: 'q_t, k_t, v_t = W_{QKV} x_t + b_{QKV}' },
        { formula: 'a_{τ,t} = exp(q_τ · k_t / √d) / Σ_{j ≤ τ} exp(q_τ · k_j / √d),  t ≤ τ' },
        { formula: 'y_τ = Σ_{heads} W_O Σ_t a_{τ,t} v_t + b_O' },
        'panel.attention.explainedGradients',
        { formula: 'log_{10} ( ‖∂ℓ_τ/∂k_t‖ / ‖∂ℓ_τ/∂x^{(N)}_τ‖ ),  log_{10} ( ‖∂ℓ_τ/∂v_t‖ / ‖∂ℓ_τ/∂x^{(N)}_τ‖ )' },
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    this.picture = element('div', { class: 'figures' }, this.weights.heatmap.figure.canvas);
    root.append(
      element('div', { class: 'heading choosing' }, this.layers.root, this.heads.root),
      this.said,
      this.picture,
      this.caption,
      this.readout,
      element('h3', { text: texts.get('panel.attention.gradientTitle') }),
      this.gradients.heatmap.figure.canvas,
      element('p', { class: 'caption dim', text: texts.get('panel.attention.gradientCaption') }),
      this.gradientReadout,
    );
  }

  receive(message: ToPage): void {
    if (message.type !== 'run') return;
    this.asked = '';
    this.choice = choiceIn(this.parts.link.keptView(keptName));
    this.weights.cell = null;
  }

  draw(scene: Scene): void {
    const { frame, columns, width, theme, fresh } = scene;
    const layers = frame ? layersOfHeads(frame) : [];
    if (frame && layers.length > 0) this.ask(frame, layers);
    const heads = frame?.header.heads;
    // Of an earlier training step there are no weights.
    this.root.hidden = !heads;
    this.shown = heads ? frame : null;
    if (!frame || !heads) return;
    const { texts } = this.parts;
    const { tokens, target } = frame.header;
    this.showChoices(layers, heads.count);
    const weights = headWeightsOf(frame);
    this.picture.hidden = weights === null;
    if (weights) {
      // Of a hundred tokens most have a hundredth: the square root tells them from nothing.
      if (fresh.frame || fresh.paint) this.weights.show(weights.map(Math.sqrt), tokens.length, weightMap(theme.kind));
      this.weights.draw({ tokens, isCurrent: true }, columns, width, theme, target);
    }
    if (fresh.frame || fresh.paint) this.describe(frame, heads, weights);
    const { cell } = this.weights;
    setText(this.readout, cell && weights ? this.weightText(frame, weights, cell) : '');
    this.gradients.draw(frame, scene);
    const { row, grid } = this.gradients;
    const { mark } = scene.view;
    setText(
      this.gradientReadout,
      row === null || mark === null || !grid
        ? ''
        : texts.get(
            'panel.attention.gradientAt',
            this.gradients.rowName(row),
            visibleSymbol(tokens[mark]),
            texts.relative(grid.values[row * tokens.length + mark]),
          ),
    );
  }

  figures(): readonly ExportedFigure[] {
    const { shown } = this;
    if (!shown) return [];
    const { texts } = this.parts;
    const weights = headWeightsOf(shown);
    return [
      ...(weights ? [this.weights.heatmap.figure.exported('attention-weights', this.titleOf(shown))] : []),
      this.gradients.heatmap.figure.exported('attention-gradients', texts.get('panel.attention.gradientTitle')),
    ];
  }

  tables(): readonly ExportedTable[] {
    return this.shown ? headTables(this.shown, this.titleOf(this.shown), this.parts.texts) : [];
  }

  private titleOf({ header: { heads } }: Frame): string {
    const { texts } = this.parts;
    return texts.get('panel.attention.titleOf', heads ? this.nameOf(heads) : '');
  }

  /** “head 1 of layer 2”. */
  private nameOf({ layer, head }: HeadChoice): string {
    const { texts } = this.parts;
    return texts.get('panel.attention.headOfLayer', texts.numbers.integer(head + 1), texts.layer(layer, 'forward'));
  }

  /** The weights come with the next frame once they are asked for. */
  private ask({ header: { heads } }: Frame, layers: readonly number[]): void {
    const kept = this.choice;
    this.choice = kept && layers.includes(kept.layer) ? kept : { layer: layers[0], head: 0 };
    // Another layer can have fewer heads.
    if (heads && heads.layer === this.choice.layer && this.choice.head >= heads.count)
      this.choice = { ...this.choice, head: 0 };
    const key = `${this.choice.layer} ${this.choice.head}`;
    if (this.asked === key) return;
    this.asked = key;
    this.parts.link.head(this.choice);
  }

  private choose(choice: HeadChoice): void {
    this.choice = choice;
    this.parts.link.keepView(keptName, choice);
    this.parts.redraw();
  }

  private showChoices(layers: readonly number[], heads: number): void {
    const { texts } = this.parts;
    const { layer, head } = this.choice ?? { layer: 0, head: 0 };
    this.layers.show(
      layers.map((each) => ({ value: String(each), text: texts.layer(each, 'forward') })),
      String(layer),
    );
    this.heads.show(
      Array.from({ length: heads }, (_, each) => ({
        value: String(each),
        text: texts.get('panel.attention.headNumber', texts.numbers.integer(each + 1)),
      })),
      String(head),
    );
  }

  private describe(frame: Frame, choice: HeadChoice, weights: Float32Array | null): void {
    const { texts } = this.parts;
    const { tokens, target } = frame.header;
    const T = tokens.length;
    const size = texts.numbers.integer(T);
    const name = this.nameOf(choice);
    const said = weights
      ? headVerdict({ tokens, target, weights: weights.subarray(target * T, (target + 1) * T), name }, texts)
      : texts.get('panel.attention.tooLong', size);
    setText(this.said, said);
    setText(this.caption, weights ? texts.get('panel.attention.caption', size, name) : '');
    this.weights.heatmap.figure.describe(texts.get('panel.attention.description', name, said));
    this.gradients.heatmap.figure.describe(
      texts.get('panel.attention.gradientDescription', texts.layer(choice.layer, 'forward')),
    );
  }

  private weightText(
    { header: { tokens } }: Frame,
    weights: Float32Array,
    { target, source }: TargetAndSource,
  ): string {
    const { texts } = this.parts;
    const [to, from] = [visibleSymbol(tokens[target]), visibleSymbol(tokens[source])];
    if (source > target) return texts.get('panel.attention.later', to, from);
    const weight = weights[target * tokens.length + source];
    return texts.get('panel.attention.at', to, from, texts.numbers.integer(target - source), weightName(weight, texts));
  }
}

/** Down to a thousandth as it is, below as a power of ten. */
function weightName(weight: number, { numbers }: PageParts['texts']): string {
  return weight >= 0.001 || weight === 0 ? numbers.decimals(weight, 3) : numbers.fromLog10(Math.log10(weight));
}

function layersOfHeads({ header: { layers } }: Frame): number[] {
  return layers.flatMap(({ cell }, layer) => (kindOf(cell).mixer?.heads ? [layer] : []));
}

/** What the page kept, whatever it is. */
function choiceIn(kept: unknown): HeadChoice | null {
  if (typeof kept !== 'object' || kept === null || !('layer' in kept) || !('head' in kept)) return null;
  const { layer, head } = kept;
  const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  return isIndex(layer) && isIndex(head) ? { layer, head } : null;
}
