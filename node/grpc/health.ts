import { setTimeout } from 'node:timers/promises';
import { lengthTag, WireScanner } from '#node/protos/wireScanner.ts';
import { RpcError } from './rpcError.ts';
import type { GrpcService } from './service.ts';

const SERVING = Uint8Array.of(0x08, 1);
const NOT_SERVING = Uint8Array.of(0x08, 2);
const SERVICE_UNKNOWN = Uint8Array.of(0x08, 3);
const SERVICE = lengthTag(1);

/**
 * `grpc.health.v1.Health`: load balancers and Kubernetes ask it. As in Fabric the empty name stands for the whole server; each
 * service that it offers may be asked for as well.
 * @param serving whether the node is ready for calls
 */
export function healthService(services: readonly string[], serving: () => boolean): GrpcService {
  const known = new Set(['', 'grpc.health.v1.Health', ...services]);
  const status = (): Uint8Array => (serving() ? SERVING : NOT_SERVING);
  return {
    name: 'grpc.health.v1.Health',
    methods: {
      Check: {
        kind: 'unary',
        async handle(request) {
          if (!known.has(askedService(request))) {
            throw new RpcError('NOT_FOUND', 'unknown service');
          }
          return status();
        },
      },
      Watch: {
        kind: 'serverStream',
        async *handle(request, { signal }) {
          let last: Uint8Array | null = null;
          while (!signal.aborted) {
            const now = known.has(askedService(request)) ? status() : SERVICE_UNKNOWN;
            if (now !== last) {
              yield now;
              last = now;
            }
            await setTimeout(WATCH_MS, null, { signal }).catch(() => {});
          }
        },
      },
    },
  };
}

/** How often a watcher is told of a change. */
const WATCH_MS = 500;

function askedService(request: Uint8Array): string {
  const reader = new WireScanner().start(request, 'grpc.health.v1.HealthCheckRequest');
  let service = '';
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === SERVICE) {
      service = reader.text();
    } else {
      reader.skip();
    }
  }
  return service;
}
