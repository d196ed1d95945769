/** A page's heap by the kind of what lies in it, from a snapshot. */
import type { CDPSession } from 'playwright-core';

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
}

/** Kind (object, array, string, closure, code, native …) → bytes that its nodes take themselves. */
export async function bytesByKind(devtools: CDPSession): Promise<ReadonlyMap<string, number>> {
  const chunks: string[] = [];
  const take = ({ chunk }: { chunk: string }): number => chunks.push(chunk);
  devtools.on('HeapProfiler.addHeapSnapshotChunk', take);
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  devtools.off('HeapProfiler.addHeapSnapshotChunk', take);
  const {
    snapshot: { meta },
    nodes,
  } = JSON.parse(chunks.join('')) as Snapshot;
  const [kinds] = meta.node_types;
  const [kind, size] = ['type', 'self_size'].map((field) => meta.node_fields.indexOf(field));
  const bytes = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += meta.node_fields.length) {
    const name = kinds[nodes[at + kind]];
    bytes.set(name, (bytes.get(name) ?? 0) + nodes[at + size]);
  }
  return bytes;
}
