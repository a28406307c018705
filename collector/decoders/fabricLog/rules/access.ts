import type { FabricState } from '../state.ts';
import type { LoggerRules } from '../rule.ts';

/**
 * The access log (`comm.grpc.server`, info): one line when a call ends. It makes no record, since it names neither channel nor
 * transaction; it tells which TLS certificate stands behind an address, for the later lines that show only the address.
 */
export const accessRules: Readonly<Record<string, LoggerRules>> = {
  'comm.grpc.server': { rules: [], raw: { starts: '', note: noteSubject } },
};

const ADDRESS = 'grpc.peer_address';
const SUBJECT = 'grpc.peer_subject';

function noteSubject(line: string, at: number, state: FabricState): void {
  const key = line.indexOf(ADDRESS, at);
  if (key < 0) return;
  const address = valueAt(line, key + ADDRESS.length);
  if (address === undefined || address === '') return;
  const subject = line.indexOf(SUBJECT, key);
  const name = subject < 0 ? undefined : commonNameIn(valueAt(line, subject + SUBJECT.length));
  // A port is used again: what the address showed last is what counts, also when that is nothing.
  if (name === undefined) state.subjects.delete(address);
  else state.subjects.set(address, name);
}

/** The value after a key: `":"value"` in JSON, `=value` or `="value"` in console format. Undefined if it holds an escape. */
function valueAt(line: string, from: number): string | undefined {
  const json = line.startsWith('":"', from);
  const quoted = json || line.startsWith('="', from);
  const start = from + (json ? 3 : quoted ? 2 : 1);
  let end = line.indexOf(quoted ? '"' : ' ', start);
  if (end < 0) {
    if (quoted) return undefined;
    end = line.length;
  }
  if (end - start > 512) return undefined;
  const value = line.slice(start, end);
  return value.includes('\\') ? undefined : value;
}

/** The common name of a subject as RFC 2253 writes it: `CN=peer0.org1.example.com,L=San Francisco,C=US`. */
function commonNameIn(subject: string | undefined): string | undefined {
  if (subject === undefined) return undefined;
  const match = /(?:^|[,+])CN=([^,+]+)/.exec(subject);
  return match?.[1];
}
