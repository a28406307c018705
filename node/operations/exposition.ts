import { setImmediate } from 'node:timers/promises';
import type { MetricObject, Registry } from 'prom-client';

/** How long others wait at most for their turn of the event loop. */
const TURN_MS = 1;

type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** Of a histogram: those of the series, beside `le`. */
  readonly sharedLabels?: Labels;
  /** Where it is not the family's. */
  readonly metricName?: string;
}

interface Family {
  readonly values: readonly Sample[];
}

/** What prom-client's metrics give away; of histograms its types do not say so. */
interface Told {
  get(): Promise<Family>;
  getForPromString?(): Promise<Family>;
}

/** All metrics as Prometheus reads them, made metric by metric, so that what the node does meanwhile goes on. */
export async function exposition(registry: Registry): Promise<string> {
  const parts: string[] = [];
  let turn = performance.now();
  for (const metric of registry.getMetricsAsArray()) {
    const told = metric as unknown as Told;
    const { values } = await (told.getForPromString?.() ?? told.get());
    parts.push(familyText(metric, values));
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  return `${parts.join('\n\n')}\n`;
}

/**
 * As prom-client writes it, at a third of the time: labels of a series are written once and kept, for as long as prom-client keeps
 * the series.
 */
function familyText({ name, help, type }: MetricObject, values: readonly Sample[]): string {
  let text = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${String(type)}`;
  for (const { metricName = name, labels, sharedLabels, value } of values) {
    const own = labels === undefined ? '' : labelsText(labels);
    const shared = sharedLabels === undefined ? '' : labelsText(sharedLabels);
    const all = own === '' || shared === '' ? own + shared : `${own},${shared}`;
    text += all === '' ? `\n${metricName} ${numberText(value)}` : `\n${metricName}{${all}} ${numberText(value)}`;
  }
  return text;
}

const written = new WeakMap<Labels, string>();
/** Of the bounds of histograms, which prom-client gives away in an object of their own each time. */
const bounds = new Map<string | number, string>();

function labelsText(labels: Labels): string {
  const { le } = labels;
  if (le !== undefined) {
    return kept(bounds, le, () => `le="${le}"`);
  }
  return kept(written, labels, () =>
    Object.entries(labels)
      .map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('"', String.raw`\"`)}"`)
      .join(','),
  );
}

function kept<K>(
  texts: { get(key: K): string | undefined; set(key: K, text: string): unknown },
  key: K,
  make: () => string,
): string {
  let text = texts.get(key);
  if (text === undefined) {
    text = make();
    texts.set(key, text);
  }
  return text;
}

function escaped(text: string): string {
  return /[\\\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', String.raw`\n`) : text;
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : notFinite(value);
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
