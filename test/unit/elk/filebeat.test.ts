import { describe, expect, it } from 'vitest';
import { listOf, mapOf, readYaml } from './elkFiles.ts';

const host = mapOf(readYaml('filebeat/filebeat.yml')[0]);
const cluster = mapOf(readYaml('kubernetes/filebeat.yml')[0]);
const provider = mapOf(listOf(mapOf(cluster['filebeat.autodiscover'])['providers'])[0]);
const inputs = [...listOf(host['filebeat.inputs']).map(mapOf), mapOf(provider['hints.default_config'])];

describe('filebeat.yml', () => {
  it('reads files, containers of Docker, and pods that ask for it', () => {
    expect(inputs.map(({ id }) => id)).toEqual([
      'ftl-records',
      'fabric-logs',
      'containers',
      'container-${data.kubernetes.container.id}',
    ]);
    expect(provider).toMatchObject({ type: 'kubernetes', 'hints.enabled': true });
    expect(mapOf(provider['hints.default_config'])['enabled']).toBe(false);
  });

  it.each(inputs)('$id hands on the line as it was written, however long', (input) => {
    expect(input['type']).toBe('filestream');
    // Nothing but what a runtime put around a line is taken off: JSON that was taken apart can not be put together to the same octets.
    const parsers = listOf(input['parsers']).flatMap((parser) => Object.keys(mapOf(parser)));
    expect(parsers.filter((parser) => parser !== 'container')).toEqual([]);
    expect(input['message_max_bytes']).toBe(16 * 1024 * 1024);
    // Short files are read too: an identity by fingerprint waits for the first 1,024 bytes.
    expect(input).toHaveProperty(['file_identity.native']);
    expect(input['prospector.scanner.fingerprint.enabled']).toBe(false);
  });

  it('sends over one connection, which it trusts and is trusted by', () => {
    const output = mapOf(host['output.logstash']);
    expect(output).toMatchObject({
      hosts: ['${SHIP_TO:logstash:5044}'],
      worker: 1,
      loadbalance: false,
      ssl: { enabled: true, verification_mode: 'full' },
    });
  });

  it('sends from pods as from hosts', () => {
    for (const key of ['output.logstash', 'queue.mem', 'processors', 'filebeat.shutdown_timeout'])
      expect(cluster[key]).toEqual(host[key]);
  });
});
