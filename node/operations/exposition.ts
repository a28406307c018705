import { setImmediate } from 'node:timers/promises';
import { Counter, type MetricObject, type Registry } from 'prom-client';
import { HeldHistogram } from '#node/metrics/heldSeries.ts';

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
 * As prom-client writes it, at a fraction of the time: what comes before the value is written once and kept for as long as the sample is,
 * where the metric gives the same object away again.
 */
function familyText(metric: MetricObject, samples: readonly Sample[]): string {
  const { name, help, type } = metric;
  const lasting = metric instanceof HeldHistogram || metric instanceof Counter;
  let text = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${String(type)}`;
  for (const sample of samples) {
    let begin = lasting ? begun.get(sample) : undefined;
    if (begin === undefined) {
      begin = lineBegin(name, sample);
      if (lasting) {
        begun.set(sample, begin);
      }
    }
    text += begin + numberText(sample.value);
  }
  return text;
}

const begun = new WeakMap<Sample, string>();

function lineBegin(name: string, { metricName = name, labels = {}, sharedLabels = {} }: Sample): string {
  const all = [...Object.entries(labels), ...Object.entries(sharedLabels)].map(
    ([label, value]) => `${label}="${escaped(String(value)).replaceAll('"', String.raw`\"`)}"`,
  );
  return all.length === 0 ? `\n${metricName} ` : `\n${metricName}{${all.join(',')}} `;
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
