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

/** Distances between centres, pixels. */
interface Pitch {
  /** Between the orderers and the peers beside them: most lines run there. */
  readonly middle: number;
  readonly column: number;
  readonly row: number;
  /** Every other row is so far aside, so that a line between two peers of a column does not run through a third. */
  readonly aside: number;
}
const WIDE: Pitch = { middle: 330, column: 236, row: 116, aside: 26 };
/** Of a crowd, whose names are read only from close by. */
const DENSE: Pitch = { middle: 290, column: 170, row: 68, aside: 14 };
const CROWD = 40;
const BAND_GAP = 48;
const LANE_GAP = 60;
/** Peers of one organisation in a column; of many more the columns get longer, not only more. */
const LEAST_IN_COLUMN = 6;
/** Width to height of the place on the page. */
const ASPECT = 1.5;
/** Bands beside one another on each side of the orderers. */
const MOST_LANES = 6;

interface Band {
  readonly msp: string;
  readonly clients: readonly Participant[];
  readonly peers: readonly Participant[];
  readonly rows: number;
  readonly columns: number;
}

/**
 * The orderers in the middle, the organisations left and right of them in bands: peers towards the orderers, clients outside. Many
 * organisations stand several beside one another. Same participants, same places, whatever they did.
 */
export function layoutNetwork(participants: readonly Participant[]): {
  readonly placed: Placed[];
  readonly hulls: Hull[];
} {
  const pitch = participants.length > CROWD ? DENSE : WIDE;
  const lanes = lanesOf(bandsOf(participants.filter(({ kind }) => kind !== 'orderer')), pitch);
  const ordering = [
    ...Map.groupBy(
      participants.filter(({ kind }) => kind === 'orderer'),
      ({ msp }) => msp ?? '',
    ),
  ];
  const placed: Placed[] = [];
  const hulls: Hull[] = [];
  const middleHeight = heightOf(
    ordering.map(([, own]) => own.length),
    pitch,
  );
  const height = Math.max(middleHeight, ...lanes.map((bands) => laneHeight(bands, pitch)));

  let top = (height - middleHeight) / 2;
  for (const [msp, own] of ordering) {
    // Organisations may have peers too, which stand elsewhere: a hull around both would cover others.
    const hull = hullOf(msp, 'orderers');
    own.forEach((participant, row) => placed.push({ participant, x: 0, y: top + row * pitch.row, hull }));
    top += own.length * pitch.row + BAND_GAP;
  }
  const inner = [pitch.middle, pitch.middle];
  lanes.forEach((bands, lane) => {
    const side = lane % 2;
    const from = inner[side] ?? 0;
    let edge = (height - laneHeight(bands, pitch)) / 2;
    for (const { msp, clients, peers, rows } of bands) {
      const hull = hullOf(msp, '');
      const put = (participant: Participant, column: number, row: number, of: number) => {
        const y = edge + ((rows - of) / 2 + row) * pitch.row;
        const x = from + column * pitch.column + (of > 2 && row % 2 === 1 ? pitch.aside : 0);
        placed.push({ participant, x: side === 0 ? -x : x, y, hull });
      };
      const perColumn = Math.ceil(peers.length / Math.max(1, columnsOf(peers)));
      peers.forEach((peer, index) => {
        const column = Math.floor(index / perColumn);
        put(peer, column, index % perColumn, Math.min(perColumn, peers.length - column * perColumn));
      });
      clients.forEach((client, row) => put(client, columnsOf(peers), row, clients.length));
      edge += rows * pitch.row + BAND_GAP;
    }
    inner[side] = from + laneWidth(bands, pitch);
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

const columnsOf = ({ length }: readonly Participant[]) =>
  Math.ceil(length / Math.max(LEAST_IN_COLUMN, Math.ceil(Math.sqrt(2 * length))));
const heightOf = (rows: readonly number[], pitch: Pitch) =>
  Math.max(
    0,
    rows.reduce((total, own) => total + own * pitch.row, 0) + (rows.length - 1) * BAND_GAP - (pitch.row - NODE_HEIGHT),
  );
const laneHeight = (bands: readonly Band[], pitch: Pitch) =>
  heightOf(
    bands.map(({ rows }) => rows),
    pitch,
  );
const laneWidth = (bands: readonly Band[], pitch: Pitch) =>
  Math.max(0, ...bands.map(({ columns }) => columns)) * pitch.column + LANE_GAP;

function bandsOf(participants: readonly Participant[]): Band[] {
  const bands = [...Map.groupBy(participants, ({ msp }) => msp ?? '')].map(([msp, own]): Band => {
    const clients = own.filter(({ kind }) => kind === 'client');
    const peers = own.filter(({ kind }) => kind === 'peer');
    const columns = columnsOf(peers);
    const rows = Math.max(1, clients.length, Math.ceil(peers.length / Math.max(1, columns)));
    return { msp, clients, peers, rows, columns: columns + (clients.length > 0 ? 1 : 0) };
  });
  // Whoever has no organisation comes last.
  return bands.toSorted((a, b) => Number(a.msp === '') - Number(b.msp === '') || (a.msp < b.msp ? -1 : 1));
}

/** Left and right in turn, from the middle outwards; as many as show everything largest. */
function lanesOf(bands: readonly Band[], pitch: Pitch): Band[][] {
  const tries = Array.from({ length: MOST_LANES }, (_, more) => stacked(bands, 2 * (more + 1)));
  const size = (lanes: Band[][]) => {
    const height = Math.max(...lanes.map((lane) => laneHeight(lane, pitch)));
    const width = lanes.reduce((total, lane) => total + laneWidth(lane, pitch), 2 * pitch.middle);
    return Math.max(height, width / ASPECT);
  };
  return tries.reduce((best, one) => (size(one) < size(best) ? one : best));
}

/** In the order of their names into the lane that is lowest. */
function stacked(bands: readonly Band[], count: number): Band[][] {
  const lanes = Array.from({ length: count }, () => ({ bands: [] as Band[], rows: 0 }));
  for (const band of bands) {
    const lowest = lanes.reduce((best, lane) => (lane.rows < best.rows ? lane : best));
    lowest.bands.push(band);
    lowest.rows += band.rows + 1;
  }
  return lanes.map((lane) => lane.bands).filter((lane, index) => lane.length > 0 || index < 2);
}
