import { Registry } from 'prom-client';

export const OPENMETRICS_TYPE = Registry.OPENMETRICS_CONTENT_TYPE;

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp?: number;
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
  readonly exemplar?: Exemplar | null;
}

/** Whether who asks with these media types would rather have OpenMetrics, which alone has exemplars. Prometheus does. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  return /\bapplication\/openmetrics-text\b/.test(accept ?? '');
}

/**
 * All metrics as OpenMetrics 1.0. By hand, since prom-client changes the names of its counters for good when it writes them so, and a
 * registry that is asked for both formats would tell each counter under two names.
 */
export async function openMetrics(registries: readonly Registry[]): Promise<string> {
  const lines: string[] = [];
  for (const registry of registries) {
    for (const { name, help, type: kind, values } of await registry.getMetricsAsJSON()) {
      const type = String(kind);
      // The standard names a counter's family without what all its samples end with.
      const proper = type !== 'counter' || name.endsWith('_total');
      const family = type === 'counter' ? name.replace(/_total$/, '') : name;
      lines.push(`# HELP ${family} ${escaped(help)}`, `# TYPE ${family} ${proper ? type : 'unknown'}`);
      for (const sample of values as unknown as readonly Sample[]) lines.push(line(name, sample));
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function line(name: string, { labels, value, metricName, exemplar }: Sample): string {
  const text = `${metricName ?? name}${labelText(labels)} ${numberText(value)}`;
  if (exemplar === undefined || exemplar === null) return text;
  const { labelSet, value: at, timestamp } = exemplar;
  return `${text} # ${labelText(labelSet) || '{}'} ${numberText(at)}${timestamp === undefined ? '' : ` ${timestamp}`}`;
}

function labelText(labels: Readonly<Record<string, string | number>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
