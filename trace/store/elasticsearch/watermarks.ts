import type { TraceRecord } from '../../record.ts';
import { normalId } from '../normalId.ts';
import { approximateTime, LATEST_TIME } from '../time.ts';
import type { StateDocument } from './documents.ts';
import { blockId, stateId, type IndexNames } from './indices.ts';
import { kindOf } from './recordKind.ts';

interface Stream {
  first: string;
  last: string;
  readonly types: Set<string>;
}

/**
 * What records tell beyond themselves, gathered over a batch: channels, blocks, how far each writer has committed, from when to
 * when each stream goes. All of it may be written any number of times by any number of processes.
 */
export class Watermarks {
  readonly #channels = new Set<string>();
  readonly #blocks = new Map<string, Set<number>>();
  readonly #heights = new Map<string, Map<string, number>>();
  readonly #streams = new Map<string, Stream>();

  add(record: TraceRecord): void {
    const { ftl } = record;
    this.#stream(record);
    const kind = kindOf(record);
    if (kind === 'loose' || ftl.channel === undefined || ftl.channel === '') return;
    const channel = normalId(ftl.channel);
    this.#channels.add(channel);
    if (ftl.block === undefined || (kind !== 'block' && kind !== 'full')) return;
    const block = ftl.block.number;
    let blocks = this.#blocks.get(channel);
    if (blocks === undefined) this.#blocks.set(channel, (blocks = new Set()));
    blocks.add(block);
    const name = record['service.node.name'];
    if (ftl.point === 'gossip.commit' && name !== undefined) this.#raise(channel, normalId(name), block);
  }

  /** Actions of a bulk request. */
  lines({ blocks, state }: IndexNames): string {
    const lines: string[] = [];
    const put = (document: StateDocument, key: readonly string[], version?: number) => {
      const action = { _index: state, _id: stateId(document.kind, ...key) };
      lines.push(
        JSON.stringify(
          version === undefined ? { create: action } : { index: { ...action, version, version_type: 'external' } },
        ),
        JSON.stringify(document),
      );
    };
    for (const channel of this.#channels) put({ kind: 'channel', channel }, [channel]);
    for (const [channel, numbers] of this.#blocks) {
      for (const number of numbers) {
        lines.push(
          JSON.stringify({ create: { _index: blocks, _id: blockId(channel, number) } }),
          JSON.stringify({ channel, number, revision: 0 }),
        );
      }
    }
    for (const [channel, nodes] of this.#heights) {
      for (const [node, block] of nodes) put({ kind: 'height', channel, node, block }, [channel, node], block + 1);
    }
    for (const [name, { first, last, types }] of this.#streams) {
      const node = normalId(name);
      const from = approximateTime(first);
      const until = approximateTime(last);
      put({ kind: 'first', node, time: from }, [node], LATEST_TIME + 1 - from);
      put({ kind: 'last', node, time: until }, [node], until + 1);
      for (const type of types) put({ kind: 'type', node, type }, [node, type]);
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }

  #stream(record: TraceRecord): void {
    const name = record['service.node.name'];
    if (name === undefined) return;
    const time = record['@timestamp'];
    const type = record['service.type'];
    const known = this.#streams.get(name);
    if (known === undefined) {
      this.#streams.set(name, { first: time, last: time, types: new Set(type === undefined ? [] : [type]) });
      return;
    }
    // Compared as text, which is their order but for the number of digits; whole seconds decide well enough here.
    if (time < known.first) known.first = time;
    if (time > known.last) known.last = time;
    if (type !== undefined) known.types.add(type);
  }

  #raise(channel: string, node: string, block: number): void {
    let nodes = this.#heights.get(channel);
    if (nodes === undefined) this.#heights.set(channel, (nodes = new Map()));
    const known = nodes.get(node);
    if (known === undefined || block > known) nodes.set(node, block);
  }
}
