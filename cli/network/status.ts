import { resolve } from 'node:path';
import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { networkStatus, type NodeStatus } from '#node/network/networkStatus.ts';

/** @returns whether all nodes answer */
export async function statusCommandRun(dir: string, json: boolean): Promise<boolean> {
  const nodes = await networkStatus(new NetworkFolder(resolve(dir)), { connect });
  process.stdout.write(json ? `${JSON.stringify({ nodes }, null, 2)}\n` : table(nodes));
  return nodes.every(({ state }) => state === 'answers');
}

const COLUMNS = ['NODE', 'STATE', 'HEALTH', 'PID', 'ADDRESS', 'CHANNELS'];

function table(nodes: readonly NodeStatus[]): string {
  const rows = [COLUMNS, ...nodes.map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const lines = rows.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const errors = nodes.flatMap(({ name, error, health, channels }) =>
    [
      ...(error === null ? [] : [error]),
      ...(health ?? []),
      ...channels.flatMap((one) => (one.error === null ? [] : [`${one.name}: ${one.error}`])),
    ].map((text) => `${name}: ${text}`),
  );
  return `${[...lines.map((line) => line.trimEnd()), ...errors].join('\n')}\n`;
}

function row({ name, state, health, pid, address, channels }: NodeStatus): string[] {
  const shown = channels.map((one) =>
    [one.name, ...(one.height === null ? [] : [`${one.height} blocks`]), ...one.chaincodes].join(' '),
  );
  const checks = health === null ? '-' : health.length === 0 ? 'ok' : 'failing';
  return [name, state, checks, pid === null ? '-' : String(pid), address, shown.join(', ') || '-'];
}
