import { getBlock, listBlocks } from './blocks.ts';
import { contractOperations } from './contract.ts';
import { listFindings } from './findings.ts';
import { live } from './live.ts';
import {
  deleteLogSpec,
  getLogSpec,
  getMonitoring,
  getNodeHealth,
  getNodeMetrics,
  listAlerts,
  putLogSpec,
} from './monitoring.ts';
import { listChannels, listLeaders, listNodes } from './network.ts';
import type { Operation } from './operation.ts';
import { healthz, metrics, version } from './service.ts';
import { getStatistics } from './statistics.ts';
import { getTrace, listRecords, searchTraces } from './traces.ts';

const DATA: readonly Operation[] = [
  searchTraces,
  getTrace,
  listRecords,
  getStatistics,
  listFindings,
  listBlocks,
  getBlock,
  listNodes,
  listChannels,
  listLeaders,
  getMonitoring,
  getNodeHealth,
  getNodeMetrics,
  getLogSpec,
  putLogSpec,
  deleteLogSpec,
  listAlerts,
  live,
  healthz,
  metrics,
  version,
];

/** Every address of the API; the document, the page and the router are made from this list. */
export const OPERATIONS: readonly Operation[] = [...DATA, ...contractOperations(() => OPERATIONS)];
