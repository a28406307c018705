import type { Participant } from './calls.ts';
import { NODE_HEIGHT } from './graphLayout.ts';
import { organisation } from './names.ts';

/** Where somebody stands: the centre, pixels at zoom 1. */
export interface Placed {
  readonly participant: Participant;
  readonly x: number;
  readonly y: number;
  /** Hull that holds it; null for those of no known organisation. */
  readonly hull: string | null;
}
export interface Hull {
  readonly id: string;
  readonly label: string;
}

/** Between the orderers and the peers beside them: most lines run there. */
const MIDDLE_PITCH = 330;
const COLUMN_PITCH = 236;
const ROW_PITCH = 116;
const BAND_GAP = 48;
/** Peers of one organisation in a column. */
const MOST_IN_COLUMN = 6;

interface Band {
  readonly msp: string;
  readonly clients: readonly Participant[];
  readonly peers: readonly Participant[];
  readonly rows: number;
}

/**
 * The orderers in the middle, the organisations left and right of them in bands: peers towards the orderers, clients outside.
 * Same participants, same places, whatever they did.
 */
export function layoutNetwork(participants: readonly Participant[]): {
  readonly placed: Placed[];
  readonly hulls: Hull[];
} {
  const orderers = participants.filter(({ kind }) => kind === 'orderer');
  const sides = sidesOf(bandsOf(participants.filter(({ kind }) => kind !== 'orderer')));
  const placed: Placed[] = [];
  const hulls: Hull[] = [];
  const heights = sides.map((bands) => heightOf(bands.map(({ rows }) => rows)));
  const ordering = [...Map.groupBy(orderers, ({ msp }) => msp ?? '')];
  const middleHeight = heightOf(ordering.map(([, own]) => own.length));
  const height = Math.max(...heights, middleHeight);

  let top = (height - middleHeight) / 2;
  for (const [msp, own] of ordering) {
    // Organisations may have peers too, which stand elsewhere: a hull around both would cover others.
    const hull = hullOf(msp, 'orderers');
    own.forEach((participant, row) => placed.push({ participant, x: 0, y: top + row * ROW_PITCH, hull }));
    top += own.length * ROW_PITCH + BAND_GAP;
  }
  sides.forEach((bands, side) => {
    const outwards = side === 0 ? -1 : 1;
    const columns = Math.max(0, ...bands.map(({ peers }) => columnsOf(peers)));
    let edge = (height - (heights[side] ?? 0)) / 2;
    for (const { msp, clients, peers, rows } of bands) {
      const hull = hullOf(msp, '');
      const put = (participant: Participant, column: number, row: number, of: number) => {
        const y = edge + ((rows - of) / 2 + row) * ROW_PITCH;
        // Every other row a little aside, so that a line between two peers of a column does not run through a third.
        const aside = of > 2 && row % 2 === 1 ? 26 : 0;
        placed.push({ participant, x: outwards * (MIDDLE_PITCH + column * COLUMN_PITCH + aside), y, hull });
      };
      const perColumn = Math.ceil(peers.length / Math.max(1, columnsOf(peers)));
      peers.forEach((peer, index) => {
        const column = Math.floor(index / perColumn);
        put(peer, column, index % perColumn, Math.min(perColumn, peers.length - column * perColumn));
      });
      clients.forEach((client, row) => put(client, columns, row, clients.length));
      edge += rows * ROW_PITCH + BAND_GAP;
    }
  });
  return { placed, hulls };

  function hullOf(msp: string, what: 'orderers' | ''): string | null {
    if (msp === '') return null;
    const id = `org:${msp}${what === '' ? '' : `:${what}`}`;
    const shared = what === 'orderers' && participants.some((one) => one.msp === msp && one.kind !== 'orderer');
    hulls.push({ id, label: `${organisation(msp) ?? msp}${shared ? ', orderers' : ''}` });
    return id;
  }
}

const columnsOf = (peers: readonly Participant[]) => Math.ceil(peers.length / MOST_IN_COLUMN);
const heightOf = (rows: readonly number[]) =>
  Math.max(
    0,
    rows.reduce((total, own) => total + own * ROW_PITCH, 0) + (rows.length - 1) * BAND_GAP - (ROW_PITCH - NODE_HEIGHT),
  );

function bandsOf(participants: readonly Participant[]): Band[] {
  const bands = [...Map.groupBy(participants, ({ msp }) => msp ?? '')].map(([msp, own]): Band => {
    const clients = own.filter(({ kind }) => kind === 'client');
    const peers = own.filter(({ kind }) => kind === 'peer');
    const perColumn = Math.ceil(peers.length / Math.max(1, columnsOf(peers)));
    return { msp, clients, peers, rows: Math.max(1, clients.length, perColumn) };
  });
  // Whoever has no organisation comes last.
  return bands.toSorted((a, b) => Number(a.msp === '') - Number(b.msp === '') || (a.msp < b.msp ? -1 : 1));
}

/** Left and right about equally high, in the order of their names. */
function sidesOf(bands: readonly Band[]): [Band[], Band[]] {
  const sides: [Band[], Band[]] = [[], []];
  const rows = [0, 0];
  for (const band of bands) {
    const side = (rows[0] ?? 0) <= (rows[1] ?? 0) ? 0 : 1;
    sides[side].push(band);
    rows[side] = (rows[side] ?? 0) + band.rows + 1;
  }
  return sides;
}
