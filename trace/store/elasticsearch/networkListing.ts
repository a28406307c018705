import { StoreError } from '../errors.ts';
import type { ChannelSummary, LeaderTerm, NodeSummary } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function listNodes(_parts: Parts): Promise<readonly NodeSummary[]> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

export async function listChannels(_parts: Parts): Promise<readonly ChannelSummary[]> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

export async function listLeaders(_parts: Parts, _channel: string | undefined): Promise<readonly LeaderTerm[]> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}
