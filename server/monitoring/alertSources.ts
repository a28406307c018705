import { z } from 'zod';
import { type Alert, alertOf, type AlertSource } from './alerts.ts';
import { PrometheusClient, type PrometheusOptions } from './prometheusClient.ts';

const Texts = z.record(z.string(), z.string());

const ManagerAlerts = z.array(
  z.object({
    labels: Texts,
    annotations: Texts,
    startsAt: z.string(),
    status: z.object({ state: z.string() }),
  }),
);

/** What Alertmanager holds as active, whatever it is about. */
export function alertmanagerAlerts(options: PrometheusOptions): AlertSource {
  // The same way of asking: an address with a path, a header, JSON.
  const client = new PrometheusClient(options, 'Alertmanager');
  return {
    kind: 'alertmanager',
    async active(): Promise<readonly Alert[]> {
      const alerts = await client.get('/api/v2/alerts', { active: 'true' }, ManagerAlerts);
      return alerts.map(({ labels, annotations, startsAt, status }) =>
        alertOf(labels, annotations, startsAt, status.state === 'suppressed'),
      );
    },
  };
}

const PrometheusAlerts = z.object({
  data: z.object({
    alerts: z.array(
      z.object({ labels: Texts, annotations: Texts, state: z.string(), activeAt: z.string().optional() }),
    ),
  }),
});

/** What the rules of Prometheus say, where there is no Alertmanager. */
export function prometheusAlerts(client: PrometheusClient): AlertSource {
  return {
    kind: 'prometheus',
    async active(): Promise<readonly Alert[]> {
      const { data } = await client.get('/api/v1/alerts', {}, PrometheusAlerts);
      return data.alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels, annotations, activeAt }) => alertOf(labels, annotations, activeAt ?? null, false));
    },
  };
}
