import type { FabricConfig } from './fabricConfig.ts';

/** Section `ftl.tracing` of either file. */
export type TracingSettings =
  | { readonly enabled: false }
  | {
      readonly enabled: true;
      /** Null: standard output. */
      readonly file: { readonly path: string; readonly maxBytes: number; readonly maxFiles: number } | null;
      readonly seal: boolean;
    };

export function tracingSettings(config: FabricConfig): TracingSettings {
  if (!config.value('ftl.tracing.enabled', 'switch')) {
    return { enabled: false };
  }
  const path = config.get('ftl.tracing.file', 'path');
  return {
    enabled: true,
    file:
      path === null
        ? null
        : {
            path,
            maxBytes: config.value('ftl.tracing.maxFileSize', 'size'),
            maxFiles: config.value('ftl.tracing.maxFiles', 'count'),
          },
    seal: config.value('ftl.tracing.seal', 'switch'),
  };
}
