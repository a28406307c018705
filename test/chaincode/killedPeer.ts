import { ChaincodeBed, CONTRACT } from './chaincodeBed.ts';

/** A peer that is killed while its chaincode hangs; it tells the chaincode's process ID before. */
const bed = await ChaincodeBed.start({ runtime: { user: null } });
await bed.install({ label: 'every_1', type: 'node', path: CONTRACT });
const { payload } = await bed.invoke('environment', []);
const { pid } = JSON.parse(payload) as { pid: number };
void bed.invoke('hang', []);
process.stdout.write(String(pid), () => process.kill(process.pid, 'SIGKILL'));
