/** Tokens that a tokenizer.json puts before and behind every text (`post_processor`). */
import { TokenizerRefusal, isRecord, shown, Fields } from './fields';

export interface Template {
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

const none: Template = { before: [], behind: [] };

/** Throws a TokenizerRefusal for one that cannot be followed. */
export function templateOf(fields: Fields): Template {
  switch (fields.type) {
    // Changes places alone, which are told whole here.
    case 'ByteLevel':
      return none;
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [idOf(fields, 'cls')], behind: [idOf(fields, 'sep')] };
    case 'TemplateProcessing':
      return ofTemplate(fields);
    case 'Sequence':
      return fields.list('processors').map(templateOf).reduce(around, none);
    default:
      throw new TokenizerRefusal(fields.part, `"type": ${JSON.stringify(fields.type)}`);
  }
}

/** One that is applied after another stands around it. */
function around(inner: Template, outer: Template): Template {
  return { before: [...outer.before, ...inner.before], behind: [...inner.behind, ...outer.behind] };
}

/** Of a pair of token and id. */
function idOf(fields: Fields, key: string): number {
  const pair = fields.get(key);
  const id: unknown = Array.isArray(pair) ? pair[1] : undefined;
  return isId(id) ? id : fields.refuse(key);
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function ofTemplate(fields: Fields): Template {
  const tokens = fields.object('special_tokens');
  const before: number[] = [];
  const behind: number[] = [];
  let texts = 0;
  for (const part of fields.list('single')) {
    if (isRecord(part.get('Sequence'))) {
      texts += 1;
      continue;
    }
    const name = part.object('SpecialToken').string('id');
    const ids = Fields.of(tokens.get(name), fields.part).get('ids');
    if (!Array.isArray(ids) || !ids.every(isId)) throw new TokenizerRefusal(fields.part, shown(name, ids));
    (texts === 0 ? before : behind).push(...ids);
  }
  return texts === 1 ? { before, behind } : fields.refuse('single');
}
