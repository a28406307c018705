import type { EdgeDraft } from './edgeDraft.ts';
import { CausalOrder, type Clocks } from './clockCorrection.ts';
import type { Broadcast } from './broadcastEdges.ts';
import type { CommitDraft } from './commits.ts';
import type { Endorsement } from './endorseEdges.ts';
import type { Item } from './evidence.ts';

/** What happened before what, told by the protocol alone. */
export function causalClocks(
  endorsements: readonly Endorsement[],
  broadcasts: readonly Broadcast[],
  ordered: readonly Item[],
  handovers: readonly EdgeDraft[],
  commits: readonly CommitDraft[],
  orderedOnce: boolean,
): Clocks {
  const order = new CausalOrder();
  for (const { called, result, request, response, firstInvoke, lastInvoke } of endorsements) {
    order.before(called, request ?? firstInvoke);
    order.before(response ?? lastInvoke, result);
  }
  for (const { submit, request } of broadcasts) order.before(submit, request);

  const created = soleCreation(ordered);
  // Of an ID that was sent or ordered twice, nobody can tell which sending led to this block.
  const single = orderedOnce && broadcasts.length === 1 ? broadcasts[0]! : null;
  for (const one of endorsements) {
    if (!one.inBlock || !orderedOnce) continue;
    const answered = one.response ?? one.lastInvoke;
    if (single) order.before(answered, single.submit ?? single.request);
    order.before(answered, created);
    for (const { item } of commits) order.before(answered, item);
  }
  if (single) {
    order.before(single.request ?? single.submit, created);
    for (const { item } of commits) order.before(single.request ?? single.submit, item);
  }
  if (created) {
    for (const item of ordered) if (item.ftl.stage === 'written') order.before(created, item);
    for (const { item } of commits) order.before(created, item);
  }
  for (const { point, from, start, end } of handovers) {
    order.before(start, end);
    if (point !== 'deliver' || from === null) continue;
    order.before(created, start ?? end);
    for (const item of ordered) {
      if (item.clock?.id === from.id && item.ftl.stage === 'written') order.before(item, end);
    }
  }
  for (const { peer, item } of commits) {
    const inbound = handovers.filter(({ to }) => to.id === peer.id);
    // Of several ways in, nobody can tell which one was first.
    const [only] = inbound;
    if (only === undefined || inbound.length > 1) continue;
    order.before(only.end ?? only.start, item);
    if (only.point !== 'deliver' || only.from === null) continue;
    for (const wrote of ordered) {
      if (wrote.clock?.id === only.from.id && wrote.ftl.stage === 'written') order.before(wrote, item);
    }
  }
  return order.solve();
}

/** A leader that lost its office may have created a block of the same number with other transactions. */
function soleCreation(ordered: readonly Item[]): Item | null {
  const created = ordered.filter(({ ftl }) => ftl.stage === 'created');
  return created.every(({ clock }) => clock?.id === created[0]!.clock?.id) ? (created[0] ?? null) : null;
}
