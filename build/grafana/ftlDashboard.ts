import { type DashboardSpec, grown, p95, rate } from './panels.ts';

const FTL = '{job="ftl"}';

export const FTL_ITSELF: DashboardSpec = {
  uid: 'ftl-itself',
  title: 'FTL: itself',
  about: 'Whether log lines become traces in time, whether any are lost, and how the page and the API answer.',
  variables: [],
  rows: [
    {
      title: 'Collector',
      panels: [
        {
          title: 'Lag in time',
          about: 'How long each file has been ahead of FTL; 0 when caught up.',
          queries: [['ftl_collector_lag_seconds', '{{file}}']],
          unit: 's',
        },
        {
          title: 'Lag in bytes',
          about: 'Of each file, not read yet.',
          queries: [['ftl_collector_lag_bytes', '{{file}}']],
          unit: 'bytes',
        },
        {
          title: 'Lines and records',
          about: 'A second.',
          queries: [
            [rate('ftl_collector_lines_total', 'instance', FTL), 'lines {{instance}}'],
            [rate('ftl_collector_records_total', 'instance', FTL), 'new records {{instance}}'],
            [rate('ftl_collector_records_known_total', 'instance', FTL), 'known records {{instance}}'],
          ],
        },
        {
          title: 'Records that wait',
          about: 'For the store.',
          queries: [['ftl_collector_queue_records', '{{instance}}']],
        },
        {
          title: 'Time of a batch in the store',
          about: '95 of 100 take less.',
          queries: [[p95('ftl_collector_write_seconds', 'instance', FTL), '{{instance}}']],
          unit: 's',
        },
        {
          title: 'Lost or not understood, collector',
          about: 'Within an hour: dead letters are kept, files that vanished are gone, dropped records should stay 0.',
          queries: [
            [`sum(${grown('ftl_collector_dead_letters_total')}) or vector(0)`, 'dead letters'],
            [`sum(${grown('ftl_collector_missed_files_total')})`, 'files vanished'],
            [`sum(${grown('ftl_collector_dropped_records_total')})`, 'records dropped'],
            [`sum(${grown('ftl_collector_write_retries_total')})`, 'batches tried again'],
          ],
        },
      ],
    },
    {
      title: 'Nodes’ records (FTL’s nodes)',
      panels: [
        {
          title: 'Records written',
          about: 'A second, by node.',
          queries: [['rate(ftl_trace_records_total[$__rate_interval])', '{{node}}']],
        },
        {
          title: 'Records dropped',
          about: 'By nodes whose destination took no more, within an hour.',
          queries: [[grown('ftl_trace_dropped_records_total'), '{{node}}']],
        },
        {
          title: 'Written and waiting',
          about: 'Bytes a second that were written, and characters that wait.',
          queries: [
            ['rate(ftl_trace_bytes_total[$__rate_interval])', '{{node}} written'],
            ['ftl_trace_waiting_characters', '{{node}} waiting'],
          ],
          unit: 'bytes',
        },
      ],
    },
    {
      title: 'Server',
      panels: [
        {
          title: 'Requests',
          about: 'A second, by route and status.',
          queries: [
            [rate('ftl_server_http_request_duration_seconds_count', 'route, status', FTL), '{{route}} {{status}}'],
          ],
        },
        {
          title: 'Time to answer',
          about: '95 of 100 requests take less, by route.',
          queries: [[p95('ftl_server_http_request_duration_seconds', 'route', FTL), '{{route}}']],
          unit: 's',
        },
        {
          title: 'Live streams',
          about: 'Browsers that follow along, and requests being answered.',
          queries: [
            ['ftl_server_live_listeners', 'listeners {{instance}}'],
            ['ftl_server_http_requests_in_flight', 'requests {{instance}}'],
          ],
        },
        {
          title: 'Processor',
          about: 'Cores in use.',
          queries: [[`rate(process_cpu_seconds_total${FTL}[$__rate_interval])`, '{{instance}}']],
        },
        {
          title: 'Memory',
          about: 'Resident, and the heap of JavaScript.',
          queries: [
            [`process_resident_memory_bytes${FTL}`, 'resident {{instance}}'],
            [`nodejs_heap_size_used_bytes${FTL}`, 'heap {{instance}}'],
          ],
          unit: 'bytes',
        },
        {
          title: 'Event loop',
          about: 'Delay: 99 of 100 turns wait less.',
          queries: [[`nodejs_eventloop_lag_p99_seconds${FTL}`, '{{instance}}']],
          unit: 's',
        },
      ],
    },
  ],
};
